// Command regoc answers one question about Rego modules with OPA's own packages: a JSON request on
// stdin, a JSON answer on stdout. It is built for wasip1 and has neither files nor network.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
)

func main() {
	// One request, then the memory is gone: to collect rarely saves a tenth of the time.
	debug.SetGCPercent(400)
	out := serve()
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		fmt.Fprintln(os.Stderr, "regoc:", err)
		os.Exit(1)
	}
}

// serve never panics: a defect in the compiler, met by a policy that somebody wrote, is an answer with an error.
// Stack exhaustion and panics of other goroutines end the process; the caller treats that as a failure too.
func serve() (out answer) {
	defer func() {
		if thrown := recover(); thrown != nil {
			out = answer{Errors: []fault{{Code: "gate_compiler_defect", Message: fmt.Sprint(thrown)}}}
		}
	}()
	req, err := readRequest(os.Stdin)
	if err != nil {
		return failed(err)
	}
	out, err = dispatch(req)
	if err != nil {
		return failed(err)
	}
	out.Ok = true
	return out
}

func dispatch(req *request) (answer, error) {
	switch req.Op {
	case "check":
		return check(req)
	case "build":
		return build(req)
	case "fmt":
		return reformat(req)
	case "test":
		return runTests(req)
	case "eval":
		return eval(req)
	case "capabilities":
		return capabilities()
	}
	return answer{}, fmt.Errorf("unknown operation %q", req.Op)
}
