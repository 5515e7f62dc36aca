package threads

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// quota returns how many processors' worth of time the cgroups of this process have, the
// least of its own and those above it that can be seen; false if there is no bound. Root
// is the file system.
func quota(root fs.FS) (processors float64, ok bool) {
	for _, g := range groups(root) {
		// As far up as the file system that shows them goes: in a container that is
		// the container's own group, as a rule.
		for dir := g.dir; ; dir = path.Dir(dir) {
			if q, bound := g.read(root, dir); bound && (!ok || q < processors) {
				processors, ok = q, true
			}
			if dir == g.top || len(dir) <= len(g.top) {
				break
			}
		}
	}
	return processors, ok
}

// group is a cgroup of this process that can bound its time on processors.
type group struct {
	top, dir string // where the hierarchy is mounted, and the group below that
	read     func(root fs.FS, dir string) (float64, bool)
}

// groups finds them by what the kernel says of this process: which group it is in,
// for each hierarchy (/proc/self/cgroup), and where hierarchies are mounted.
func groups(root fs.FS) []group {
	var list []group
	in := memberships(root)
	for _, line := range lines(root, "proc/self/mountinfo") {
		// 30 23 0:26 ROOT TOP rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
		mount, system, _ := strings.Cut(line, " - ")
		m, s := strings.Fields(mount), strings.Fields(system)
		if len(m) < 5 || len(s) < 3 {
			continue
		}
		g, controller := group{top: strings.TrimPrefix(m[4], "/")}, ""
		switch {
		case s[0] == "cgroup2":
			g.read = cpuMax
		case s[0] == "cgroup" && slices.Contains(strings.Split(s[2], ","), "cpu"):
			g.read, controller = cfsQuota, "cpu"
		default:
			continue
		}
		if at, member := in[controller]; member {
			g.dir = path.Join(g.top, below(m[3], at))
			list = append(list, g)
		}
	}
	return list
}

// below returns where a group is in a mount that shows what is below mounted. A group
// that is elsewhere cannot be seen, and the top of the mount is as near as one comes.
func below(mounted, group string) string {
	if mounted == "/" {
		mounted = ""
	}
	rest, ok := strings.CutPrefix(group, mounted)
	if !ok || rest != "" && rest[0] != '/' || strings.HasPrefix(rest, "/..") {
		return ""
	}
	return rest
}

// memberships returns the groups by their controllers, and that of version 2, which
// has one for all, by none.
func memberships(root fs.FS) map[string]string {
	in := make(map[string]string)
	for _, line := range lines(root, "proc/self/cgroup") {
		parts := strings.SplitN(line, ":", 3) // 4:cpu,cpuacct:/docker/1234
		if len(parts) < 3 {
			continue
		}
		for _, controller := range strings.Split(parts[1], ",") {
			in[controller] = parts[2]
		}
	}
	return in
}

// cpuMax reads the bound of a group of version 2: "150000 100000", or "max 100000".
func cpuMax(root fs.FS, dir string) (float64, bool) {
	for _, line := range lines(root, path.Join(dir, "cpu.max")) {
		if time, period, ok := strings.Cut(line, " "); ok {
			return ratio(time, period)
		}
	}
	return 0, false
}

// cfsQuota reads the bound of a group of version 1, where a time of -1 stands for none.
func cfsQuota(root fs.FS, dir string) (float64, bool) {
	time, period := lines(root, path.Join(dir, "cpu.cfs_quota_us")), lines(root, path.Join(dir, "cpu.cfs_period_us"))
	if len(time) == 0 || len(period) == 0 {
		return 0, false
	}
	return ratio(time[0], period[0])
}

func ratio(time, period string) (float64, bool) {
	t, err := strconv.ParseInt(time, 10, 64)
	if err != nil || t <= 0 {
		return 0, false
	}
	p, err := strconv.ParseInt(period, 10, 64)
	if err != nil || p <= 0 {
		return 0, false
	}
	return float64(t) / float64(p), true
}

// lines returns a file's lines; none for one that cannot be read, since what is not
// there bounds nothing.
func lines(root fs.FS, name string) []string {
	raw, err := fs.ReadFile(root, name)
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(string(raw)), "\n")
}
