package job

import (
	"context"
	"fmt"
	"slices"

	"ndflow/graph"
	"ndflow/npy"
)

// result is an output of the model that is wanted.
type result struct {
	name   string
	spec   graph.Spec
	direct *file      // the .npy file that is all that wants it: it can land there
	goOn   bool       // the file outlives a kill, and may have
	mapped *npy.File  // that file while it is written, if it is
	array  *npy.Array // the values
}

func resultNames(out []*result) []string {
	list := make([]string, len(out))
	for i, res := range out {
		list[i] = res.name
	}
	return list
}

// create makes room of the given shape for the result: in its file where that
// can be, else in memory.
func (res *result) create(shape []int) (err error) {
	if res.direct == nil || res.spec.DType == npy.String {
		res.array, err = npy.New(res.spec.DType, shape...)
		return err
	}
	if res.mapped, err = npy.Create(res.direct.temp, res.spec.DType, shape...); err != nil {
		return res.direct.explain(err)
	}
	res.array = res.mapped.Array()
	return nil
}

// resume is create for a file that outlives a kill, and may have.
func (res *result) resume(shape []int) (err error) {
	f := res.direct
	if res.mapped, _, err = npy.Resume(f.temp, f.partial(), res.spec.DType, shape...); err != nil {
		return f.explain(err)
	}
	res.array = res.mapped.Array()
	return nil
}

// files are the files that are written.
type files struct {
	list    []*file
	results []*result
}

// stage begins the files, before anything is known of their content.
func stage(targets []Target) (*files, error) {
	fs := &files{}
	for _, t := range targets {
		f, err := stageFile(t.Path)
		if err == nil {
			var same *file
			if same = fs.find(f); same == nil {
				fs.list = append(fs.list, f)
				f.targets = []Target{t}
				continue
			}
			f.abort()
			if f.archive && t.Named {
				same.targets = append(same.targets, t)
				continue
			}
			err = fmt.Errorf("%s: two outputs cannot both go there", t.Path)
		}
		fs.abort()
		return nil, err
	}
	return fs, nil
}

func (fs *files) find(f *file) *file {
	i := slices.IndexFunc(fs.list, func(have *file) bool { return have.final == f.final })
	if i < 0 {
		return nil
	}
	return fs.list[i]
}

// bind finds out which outputs of the model each file wants. With no files all
// outputs are wanted that have an array form.
func (fs *files) bind(m *model) ([]*result, error) {
	usable := slices.DeleteFunc(slices.Clone(m.outputs), func(s graph.Spec) bool { return problem(s) != "" })
	if len(fs.list) == 0 {
		if len(m.outputs) == 0 && m.target != "" {
			return nil, nil // it is run for what it does
		}
		for _, s := range usable {
			fs.result(s.Name)
		}
	}
	for _, f := range fs.list {
		for _, t := range f.targets {
			switch {
			case t.Named:
				f.want(fs.result(t.Name))
			case f.archive:
				for _, s := range usable {
					f.want(fs.result(s.Name))
				}
			case len(usable) == 1:
				f.want(fs.result(usable[0].Name))
			default:
				return nil, fmt.Errorf("%s: which output goes there? %s has %s", f.path, m.what, listOf("output", usable))
			}
		}
	}
	if len(fs.results) == 0 {
		if len(m.outputs) > 0 {
			return nil, fmt.Errorf("%s: output %q: %s", m.what, m.outputs[0].Name, problem(m.outputs[0]))
		}
		return nil, fmt.Errorf("%s has no outputs", m.what)
	}
	for _, res := range fs.results {
		wanted := 0
		for _, f := range fs.list {
			if slices.Contains(f.results, res) {
				wanted++
				res.direct = f
			}
		}
		if wanted != 1 || res.direct.archive {
			res.direct = nil
		}
	}
	return fs.results, nil
}

// problem says why an output cannot be written, "" where it can.
func problem(s graph.Spec) string {
	if s.Problem == "" && s.DType == npy.Invalid {
		return fmt.Sprintf("a tensor of %s has no array form", s.Type)
	}
	return s.Problem
}

// result returns the result of the given name, a new one if need be.
func (fs *files) result(name string) *result {
	for _, res := range fs.results {
		if res.name == name {
			return res
		}
	}
	res := &result{name: name}
	fs.results = append(fs.results, res)
	return res
}

// commit completes all files, and then gives them their names.
func (fs *files) commit(ctx context.Context) error {
	for _, res := range fs.results {
		if res.mapped != nil {
			if err := res.mapped.Close(); err != nil {
				return res.direct.explain(err)
			}
		}
	}
	for _, f := range fs.list {
		if err := f.write(); err != nil {
			return f.explain(err)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, f := range fs.list {
		if err := f.commit(); err != nil {
			if i > 0 {
				return fmt.Errorf("%w (%s in place before it)", err, count(i, "file"))
			}
			return err
		}
	}
	return nil
}

// resumable reports whether all results can be gone on with after a kill: each
// has a .npy file of its own.
func (fs *files) resumable() bool {
	for _, res := range fs.results {
		if res.direct == nil || res.spec.DType == npy.String {
			return false
		}
	}
	return len(fs.list) > 0
}

// temps are the temporary names of the files.
func (fs *files) temps() []string {
	list := make([]string, len(fs.list))
	for i, f := range fs.list {
		list[i] = f.temp
	}
	return list
}

// keep leaves the unfinished files where they are found again.
func (fs *files) keep() {
	for _, res := range fs.results {
		if res.mapped != nil {
			res.mapped.Keep()
		}
	}
}

// abort removes what is not complete, nor kept. After commit it does nothing.
func (fs *files) abort() {
	for _, res := range fs.results {
		if res.mapped != nil {
			res.mapped.Abort()
		}
	}
	for _, f := range fs.list {
		f.abort()
	}
}
