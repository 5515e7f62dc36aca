package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"ndflow/npy"
	"ndflow/npy/text"
)

// maxAnswer bounds what a server can make the client read: one answer.
const maxAnswer = 1 << 30

// Client asks a model that is served over HTTP, as TensorFlow Serving's REST API has it:
// {"instances": [...]} goes there, {"predictions": [...]} comes back. It is for one
// goroutine at a time.
type Client struct {
	url   string
	dtype npy.DType
	http  *retryablehttp.Client
	body  []byte
}

// NewClient returns a client of the model at url, whose answers are of the given dtype.
// A request that fails for a reason that may pass (no connection, an answer cut short, a
// status of 429 or 5xx) is sent again up to retries times, after min, twice that, and so
// on up to max, or when the server says. That is right for a prediction, which changes
// nothing.
func NewClient(url string, dtype npy.DType, retries int, min, max time.Duration) *Client {
	c := retryablehttp.NewClient()
	c.RetryMax, c.RetryWaitMin, c.RetryWaitMax = retries, min, max
	c.CheckRetry = retryablehttp.ErrorPropagatedRetryPolicy
	c.Logger = nil
	return &Client{url: url, dtype: dtype, http: c}
}

// Predict sends a batch, an array of shape [n, ...], and returns the n predictions.
func (c *Client) Predict(ctx context.Context, batch *npy.Array) (*npy.Array, error) {
	var err error
	c.body = append(c.body[:0], `{"instances":`...)
	if c.body, err = text.AppendJSON(c.body, batch); err != nil {
		return nil, err
	}
	c.body = append(c.body, '}')
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, c.url, c.body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	var answer []byte
	// What is read here is read again with the next try, if it ends too early.
	req.SetResponseHandler(func(resp *http.Response) (err error) {
		answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		return err
	})
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %s", c.url, resp.Status, bytes.TrimSpace(answer[:min(len(answer), 500)]))
	}
	_, arrays, err := text.ParseJSONObject(answer, text.Columns("predictions"), text.As(c.dtype))
	if err != nil {
		return nil, fmt.Errorf("%s: the answer: %w", c.url, err)
	}
	if p := arrays[0]; p.NDim() == 0 || p.Dim(0) != batch.Dim(0) {
		return nil, fmt.Errorf("%s: the answer: have predictions of shape %v, want %d of them", c.url, p.Shape(), batch.Dim(0))
	}
	return arrays[0], nil
}
