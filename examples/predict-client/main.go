// Command predict-client sends the rows of a file to a model that is served over HTTP,
// batch by batch, and writes its predictions to another file. It is an example of calling
// an API with arrays: bodies by package text, files of any format by package files,
// retries by go-retryablehttp.
//
//	predict-client -url http://localhost:8501/v1/models/m:predict -in x.npy -out y.npy
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"ndflow/npy"
	"ndflow/npy/files"
	"ndflow/npy/table"
)

func main() {
	var (
		url     = flag.String("url", "http://localhost:8501/v1/models/model:predict", "where the model is")
		in      = flag.String("in", "", "the file with the rows to send: one array or column")
		out     = flag.String("out", "", "the file for the predictions")
		dtype   = flag.String("dtype", "float32", "the dtype of the predictions")
		batch   = flag.Int("batch", 64, "rows in each request")
		retries = flag.Int("retries", 5, "how often to send a request again that failed")
	)
	flag.Parse()
	d, err := npy.ParseDType(*dtype)
	if err != nil || *in == "" || *out == "" || *batch < 1 || *retries < 0 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c := NewClient(*url, d, *retries, time.Second, 30*time.Second)
	if err := predictFile(ctx, c, *in, *out, *batch); err != nil {
		fmt.Fprintln(os.Stderr, "predict-client:", err)
		os.Exit(1)
	}
}

// predictFile sends the rows of a file in batches. The other file is there when all of
// the predictions are.
func predictFile(ctx context.Context, c *Client, in, out string, batch int) error {
	r, err := files.OpenTable(in, files.Options{})
	if err != nil {
		return err
	}
	defer r.Close()
	if n := len(r.Columns()); n != 1 {
		return fmt.Errorf("%s: have %d columns, want one", in, n)
	}
	var w table.Writer
	for {
		rows, err := r.Next(batch)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		p, err := c.Predict(ctx, rows[0])
		if err != nil {
			return err
		}
		if w == nil { // only now is it known what predictions are
			column := table.Column{Name: "predictions", DType: p.DType(), Shape: p.Shape()[1:]}
			if w, err = files.CreateTable(out, []table.Column{column}, files.Options{}); err != nil {
				return err
			}
			defer w.Close()
		}
		if err := w.Write([]*npy.Array{p}); err != nil {
			return err
		}
	}
	if w == nil {
		return fmt.Errorf("%s: no rows", in)
	}
	return w.Commit()
}
