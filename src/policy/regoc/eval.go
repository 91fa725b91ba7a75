package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/util"
)

const evalTimeout = 10 * time.Second

// eval answers with the value of the query's last expression in its first result; undefined is no value.
func eval(req *request) (answer, error) {
	caps, err := req.capabilities()
	if err != nil {
		return answer{}, err
	}
	modules, err := req.parse(caps)
	if err != nil {
		return answer{}, err
	}
	compiler := newCompiler(caps)
	if compiler.Compile(modules); compiler.Failed() {
		return answer{}, compiler.Errors
	}
	trace := &bounded{BufferTracer: topdown.NewBufferTracer()}
	tracer := &yielding{}
	if req.Explain {
		tracer.next = trace
	}
	opts := []func(*rego.Rego){
		rego.Query(req.Query),
		rego.Compiler(compiler),
		rego.Store(inmem.NewFromObject(req.Data)),
		rego.QueryTracer(tracer),
	}
	withInput, err := inputOf(req)
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), evalTimeout)
	defer cancel()
	results, err := rego.New(append(opts, withInput...)...).Eval(ctx)
	if err != nil {
		return answer{}, err
	}
	out := answer{Trace: trace.text(req.Explain)}
	if len(results) > 0 && len(results[0].Expressions) > 0 {
		out.Defined = true
		out.Value = results[0].Expressions[len(results[0].Expressions)-1].Value
	}
	return out, nil
}

// inputOf also binds time.now_ns to the input's own time, as the gate does, so that a replay sees the same clock.
func inputOf(req *request) ([]func(*rego.Rego), error) {
	if len(req.Input) == 0 {
		return nil, nil
	}
	var input any
	if err := util.UnmarshalJSON(req.Input, &input); err != nil {
		return nil, err
	}
	opts := []func(*rego.Rego){rego.Input(input)}
	var timed struct {
		Context struct {
			TimeNs json.Number `json:"time_ns"`
		} `json:"context"`
	}
	// An input of another shape has no time; that is no error.
	if json.Unmarshal(req.Input, &timed) == nil {
		if ns, err := timed.Context.TimeNs.Int64(); err == nil {
			opts = append(opts, rego.Time(time.Unix(0, ns)))
		}
	}
	return opts, nil
}

func (b *bounded) text(wanted bool) string {
	if !wanted {
		return ""
	}
	var text bytes.Buffer
	topdown.PrettyTraceWithLocation(&text, *b.BufferTracer)
	if b.dropped > 0 {
		fmt.Fprintf(&text, "… %d more steps\n", b.dropped)
	}
	return text.String()
}
