package eager_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"ndflow/eager"
	"ndflow/npy"
)

// A SavedModel is called like a function: what it makes are tensors, which stay
// where they were made until an array is asked for.
func ExampleLoad() {
	model, err := eager.Load("../testdata/models/add4")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	ec, ctx := model.Context(), context.Background()
	x, _ := eager.FromSlice(ec, []float32{1, 2, 3, 4}, 1, 4)
	defer x.Close()
	out, err := model.Call(ctx, "serving_default", map[string]*eager.Tensor{"x": x, "y": x})
	if err != nil {
		log.Fatal(err)
	}
	defer out["sum"].Close()
	again, err := model.Call(ctx, "serving_default", map[string]*eager.Tensor{"x": out["sum"], "y": x})
	if err != nil {
		log.Fatal(err)
	}
	defer again["sum"].Close()
	sum, err := again["sum"].Copy()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sum)
	// Output: [[ 3.  6.  9. 12.]]
}

// A model's variables go out to .npy files, and come back from them: here those of
// a network of Keras 3.
func ExampleModel_Assign() {
	model, err := eager.Load("../testdata/models/keras")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	dir, err := os.MkdirTemp("", "weights")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for i, v := range model.Variables() {
		value, err := model.Value(v.Name)
		if err != nil {
			log.Fatal(err)
		}
		path := filepath.Join(dir, fmt.Sprint(i, ".npy"))
		if err := npy.WriteFile(path, value); err != nil {
			log.Fatal(err)
		}
		again, err := npy.ReadFile(path)
		if err != nil {
			log.Fatal(err)
		}
		if err := model.Assign(v.Name, again); err != nil {
			log.Fatal(err)
		}
		fmt.Println(v.Name, v)
	}
	// Output:
	// network/hidden/bias float32 [3]
	// network/hidden/kernel float32 [4 3]
	// network/norm/beta float32 [3]
	// network/norm/gamma float32 [3]
	// network/norm/moving_mean float32 [3]
	// network/norm/moving_variance float32 [3]
	// network/probs/bias float32 [2]
	// network/probs/kernel float32 [3 2]
}
