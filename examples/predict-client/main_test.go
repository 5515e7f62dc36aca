package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ndflow/npy"
	"ndflow/npy/files"
	"ndflow/npy/text"
)

// serve begins a server whose model is the sum of each row, on this machine. Before each
// good answer trouble has its turn, by the number of the request; it says whether it has
// answered.
func serve(t *testing.T, trouble func(n int64, w http.ResponseWriter) bool) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if trouble(requests.Add(1), w) {
			return
		}
		_, arrays, err := text.ParseJSONObject(body, text.As(npy.Float64), text.Columns("instances"))
		if err != nil || arrays[0].NDim() != 2 || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error": "no rows in %.20q"}`, body)
			return
		}
		values, _ := npy.Values[float64](arrays[0])
		sums := make([]float64, 0, arrays[0].Dim(0))
		for row := range slices.Chunk(values, arrays[0].Dim(1)) {
			sum := 0.0
			for _, v := range row {
				sum += v
			}
			sums = append(sums, sum)
		}
		a, err := npy.From(sums)
		if err == nil {
			body, err = text.AppendJSONObject(nil, []string{"predictions"}, []*npy.Array{a})
		}
		if err != nil {
			t.Error(err)
		}
		w.Write(body)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/v1/models/sum:predict", requests
}

// nowAndThen fails two requests of three, each time in another way.
func nowAndThen(n int64, w http.ResponseWriter) bool {
	if n%3 == 0 {
		return false
	}
	switch n % 5 {
	case 0: // no answer
		panic(http.ErrAbortHandler)
	case 1: // an answer that is cut short
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, `{"predictions": [1.0, `)
		panic(http.ErrAbortHandler)
	case 2:
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusServiceUnavailable)
	case 3:
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
	default:
		w.WriteHeader(http.StatusInternalServerError)
	}
	return true
}

func client(url string, retries int) *Client {
	return NewClient(url, npy.Float32, retries, time.Microsecond, time.Millisecond)
}

func TestPredictionsArriveThroughTrouble(t *testing.T) {
	url, requests := serve(t, nowAndThen)
	dir := t.TempDir()
	values := make([]float32, 4*1000)
	var want []float32
	for i := range values {
		values[i] = float32(i%100) / 4 // sums of these are exact
	}
	for row := range slices.Chunk(values, 4) {
		want = append(want, row[0]+row[1]+row[2]+row[3])
	}
	x, err := npy.From(values, 1000, 4)
	if err != nil {
		t.Fatal(err)
	}
	in := filepath.Join(dir, "x.npy")
	if err := npy.WriteFile(in, x); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"y.npy", "y.csv", "y.parquet"} {
		out := filepath.Join(dir, name)
		before := requests.Load()
		if err := predictFile(t.Context(), client(url, 10), in, out, 64); err != nil {
			t.Fatal(err)
		}
		_, arrays, err := files.Read(out, files.Options{Types: typesOf(name)})
		if err != nil {
			t.Fatal(err)
		}
		have, err := npy.Values[float32](arrays[0])
		if err != nil || !slices.Equal(have, want) {
			t.Errorf("%s: have %v, %v, want %v", name, arrays[0], err, want[:4])
		}
		if n := requests.Load() - before; n < 2*16 {
			t.Errorf("%s: have %d requests for 16 batches, want some more than once", name, n)
		}
	}
}

// typesOf gives the dtype to what text would find out otherwise.
func typesOf(name string) map[string]npy.DType {
	if filepath.Ext(name) == ".csv" {
		return map[string]npy.DType{"": npy.Float32}
	}
	return nil
}

func TestWhatCannotBeMendedIsAnErrorAtOnce(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "x.json"), filepath.Join(dir, "y.npy")
	put := func(content string) {
		if err := os.WriteFile(in, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, in string
		trouble  func(n int64, w http.ResponseWriter) bool
		requests int64
		words    string
	}{
		{"a request that is wrong", "[1, 2, 3]", func(int64, http.ResponseWriter) bool { return false }, 1, `400 Bad Request: {"error": "no rows in`},
		{"a server that stays away", "[[1, 2]]", func(_ int64, w http.ResponseWriter) bool {
			w.WriteHeader(http.StatusBadGateway)
			return true
		}, 4, "giving up after 4 attempt(s)"},
		{"an answer that is no JSON", "[[1, 2]]", func(_ int64, w http.ResponseWriter) bool {
			io.WriteString(w, "<html>")
			return true
		}, 1, "the answer: text:"},
		{"an answer without predictions", "[[1, 2]]", func(_ int64, w http.ResponseWriter) bool {
			io.WriteString(w, `{"outputs": [1]}`)
			return true
		}, 1, `no array "predictions"`},
		{"ragged predictions", "[[1], [2]]", func(_ int64, w http.ResponseWriter) bool {
			io.WriteString(w, `{"predictions": [[1], 2]}`)
			return true
		}, 1, "line 1, column 23"},
		{"too few predictions", "[[1], [2]]", func(_ int64, w http.ResponseWriter) bool {
			io.WriteString(w, `{"predictions": [1]}`)
			return true
		}, 1, "have predictions of shape [1], want 2 of them"},
		{"several columns", `{"a": [1], "b": [2]}`, func(int64, http.ResponseWriter) bool { return false }, 0, "have 2 columns, want one"},
		{"no rows", "[]", func(int64, http.ResponseWriter) bool { return false }, 0, "no rows"},
	} {
		put(c.in)
		url, requests := serve(t, c.trouble)
		err := predictFile(t.Context(), client(url, 3), in, out, 64)
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: have %v, want %q in it", c.name, err, c.words)
		}
		if n := requests.Load(); n != c.requests {
			t.Errorf("%s: have %d requests, want %d", c.name, n, c.requests)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
			t.Errorf("%s: have %v, %v, want the input only", c.name, entries, err)
		}
	}
}
