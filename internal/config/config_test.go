package config

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
)

// Each setting is in the field that TensorFlow reads it from, and those about graphs are in
// what calls of functions take as well.
func TestSettings(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*Config)
		have func(*tfpb.ConfigProto) bool
		call bool // calls of functions take it
	}{
		"soft":   {func(*Config) {}, func(p *tfpb.ConfigProto) bool { return p.GetAllowSoftPlacement() }, true},
		"strict": {func(c *Config) { c.Strict = true }, func(p *tfpb.ConfigProto) bool { return !p.GetAllowSoftPlacement() }, true},
		"log":    {func(c *Config) { c.LogDevicePlacement = true }, func(p *tfpb.ConfigProto) bool { return p.GetLogDevicePlacement() }, true},
		"CPUs": {func(c *Config) { c.LogicalCPUs(3); c.NoGPUs() }, func(p *tfpb.ConfigProto) bool {
			g, ok := p.GetDeviceCount()["GPU"]
			return ok && g == 0 && p.GetDeviceCount()["CPU"] == 3
		}, false},
		"GPUs":     {func(c *Config) { c.VisibleGPUs(2, 0) }, func(p *tfpb.ConfigProto) bool { return p.GetGpuOptions().GetVisibleDeviceList() == "2,0" }, false},
		"fraction": {func(c *Config) { c.MemoryFraction(0.5) }, func(p *tfpb.ConfigProto) bool { return p.GetGpuOptions().GetPerProcessGpuMemoryFraction() == 0.5 }, false},
		"growth":   {(*Config).MemoryGrowth, func(p *tfpb.ConfigProto) bool { return p.GetGpuOptions().GetAllowGrowth() }, false},
		"threads": {func(c *Config) { c.Threads(2, 3) }, func(p *tfpb.ConfigProto) bool {
			return p.GetIntraOpParallelismThreads() == 2 && p.GetInterOpParallelismThreads() == 3 && p.GetUsePerSessionThreads()
		}, false},
		"optimizer": {func(c *Config) { c.OptimizerLevel(0) }, func(p *tfpb.ConfigProto) bool { return p.GetGraphOptions().GetOptimizerOptions().GetOptLevel() == -1 }, true},
		"XLA": {func(c *Config) { c.JITLevel(2) }, func(p *tfpb.ConfigProto) bool {
			return p.GetGraphOptions().GetOptimizerOptions().GetGlobalJitLevel() == 2
		}, true},
		"no XLA": {func(c *Config) { c.JITLevel(0) }, func(p *tfpb.ConfigProto) bool {
			return p.GetGraphOptions().GetOptimizerOptions().GetGlobalJitLevel() == -1
		}, true},
		"rewriters": {func(c *Config) { c.WithoutRewriters() }, func(p *tfpb.ConfigProto) bool {
			return p.GetGraphOptions().GetRewriteOptions().GetDisableMetaOptimizer()
		}, true},
	} {
		config := new(Config)
		c.set(config)
		raw, err := config.Bytes()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		call, err := config.Call()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for where, text := range map[string][]byte{"context": raw, "call": []byte(call)} {
			p := new(tfpb.ConfigProto)
			if err := proto.Unmarshal(text, p); err != nil {
				t.Fatal(err)
			}
			if want := c.call || where == "context"; c.have(p) != want {
				t.Errorf("%s: in the configuration of the %s: %v, want %v", name, where, !want, want)
			}
		}
	}
}

// Each rewriter has a toggle of its own.
func TestRewriters(t *testing.T) {
	seen := map[string]string{}
	for _, name := range Rewriters() {
		c := new(Config)
		c.WithoutRewriters(name)
		raw, err := proto.Marshal(c.GetGraphOptions().GetRewriteOptions())
		if err != nil || len(raw) == 0 {
			t.Errorf("%s: %q, %v", name, raw, err)
		}
		if other, ok := seen[string(raw)]; ok {
			t.Errorf("%s turns off what %s does", name, other)
		}
		seen[string(raw)] = name
	}
}
