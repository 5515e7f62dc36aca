package main

import (
	_ "embed"
	"regexp"
	"strings"
)

// packages are the packages below ops, with the families of TensorFlow's whose
// ops each has.
var packages = map[string][]string{
	"array":        {"array_ops", "manip_ops"},
	"audio":        {"audio_ops"},
	"batch":        {"batch_ops"},
	"bitwise":      {"bitwise_ops"},
	"boostedtrees": {"boosted_trees_ops"},
	"clustering":   {"clustering_ops"},
	"controlflow":  {"control_flow_ops"},
	"data":         {"dataset_ops", "experimental_dataset_ops", "optional_ops"},
	"dataflow":     {"data_flow_ops"},
	"distribute":   {"collective_ops", "dtensor_ops", "nccl_ops", "rpc_ops", "sendrecv_ops"},
	"functional":   {"functional_ops"},
	"image":        {"image_ops"},
	"io":           {"io_ops", "checkpoint_ops", "filesystem_ops"},
	"linalg":       {"linalg_ops"},
	"list":         {"list_ops", "map_ops"},
	"logging":      {"logging_ops", "debug_ops", "summary_ops"},
	"lookup":       {"lookup_ops"},
	"math":         {"math_ops", "special_math_ops"},
	"misc":         {"check_preemption_op", "mlir_passthrough_op", "sync_ops", "user_ops"},
	"nn":           {"nn_ops", "candidate_sampling_ops", "ctc_ops", "cudnn_rnn_ops", "rnn_ops"},
	"parsing":      {"parsing_ops", "decode_proto_ops", "encode_proto_ops"},
	"quantize":     {"uniform_quant_ops"},
	"ragged":       {"ragged_array_ops", "ragged_conversion_ops", "ragged_math_ops", "composite_tensor_ops"},
	"random":       {"random_ops", "random_index_shuffle_ops", "stateful_random_ops", "stateless_random_ops", "stateless_random_ops_v2"},
	"risc":         {},
	"sets":         {"set_ops"},
	"sparse":       {"sparse_ops", "sparse_csr_matrix_ops", "count_ops"},
	"spectral":     {"spectral_ops"},
	"state":        {"state_ops", "resource_variable_ops"},
	"strings":      {"string_ops"},
	"tpu":          {"tpu_ops", "tpu_partition_ops", "tpu_xla_ops"},
	"training":     {"training_ops", "sdca_ops"},
	"xla":          {"xla_ops"},
}

// leftOut are families without a package: their ops run Python code.
var leftOut = []string{"script_ops"}

// byName says the package of an op that is in no family, because Python has no
// function for it or because it is newer than the table: that of the first
// pattern that its name has.
var byName = []struct {
	pattern *regexp.Regexp
	pkg     string
}{
	{regexp.MustCompile(`^Risc`), "risc"},
	{regexp.MustCompile(`^DTensor`), "distribute"},
	{regexp.MustCompile(`TPU|Tpu|Dedup|GlobalCore|XlaSparse`), "tpu"},
	{regexp.MustCompile(`^Xla`), "xla"},
	{regexp.MustCompile(`^Quantized|Aggregator|Calibration`), "quantize"},
	{regexp.MustCompile(``), "misc"},
}

//go:embed families.txt
var familiesText string

// families are the families of the ops, as scripts/families.py has found them.
var families = parseFamilies(familiesText)

// parseFamilies reads the table: a line for the name of a family, indented ones
// for its ops.
func parseFamilies(text string) map[string]string {
	table := make(map[string]string)
	family := ""
	for line := range strings.Lines(text) {
		switch words := strings.Fields(line); {
		case len(words) == 0 || strings.HasPrefix(line, "#"):
		case !strings.HasPrefix(line, " "):
			family = words[0]
		default:
			for _, op := range words {
				table[op] = family
			}
		}
	}
	return table
}

// packageOf returns the package that an op belongs to; false where it is left out.
func packageOf(op string) (pkg string, ok bool) {
	family, known := families[op]
	if !known {
		for _, rule := range byName {
			if rule.pattern.MatchString(op) {
				return rule.pkg, true
			}
		}
	}
	for pkg, of := range packages {
		for _, f := range of {
			if f == family {
				return pkg, true
			}
		}
	}
	for _, f := range leftOut {
		if f == family {
			return "", false
		}
	}
	return "misc", true // a family that came after this table
}
