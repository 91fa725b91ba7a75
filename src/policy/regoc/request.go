package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

type request struct {
	Op           string            `json:"op"`
	Modules      map[string]string `json:"modules"`
	Data         map[string]any    `json:"data"`
	Entrypoints  []string          `json:"entrypoints"`
	Schema       any               `json:"schema"`
	Capabilities json.RawMessage   `json:"capabilities"`
	Query        string            `json:"query"`
	Input        json.RawMessage   `json:"input"`
	Explain      bool              `json:"explain"`
	TestTimeout  int               `json:"test_timeout_ms"`
}

func readRequest(from io.Reader) (*request, error) {
	req := &request{}
	// UseNumber inside keeps nanoseconds and other large numbers as they were written.
	if err := util.NewJSONDecoder(from).Decode(req); err != nil {
		return nil, err
	}
	if req.Data == nil {
		req.Data = map[string]any{}
	}
	return req, nil
}

// capabilities are required: without them a policy could name builtins that the gate does not have.
func (req *request) capabilities() (*ast.Capabilities, error) {
	if len(req.Capabilities) == 0 {
		return nil, errors.New("request has no capabilities")
	}
	caps, err := ast.LoadCapabilitiesJSON(bytes.NewReader(req.Capabilities))
	if err != nil {
		return nil, err
	}
	caps.AllowNet = []string{} // a schema that refers to a remote one is an error
	return caps, nil
}

func (req *request) paths() []string {
	return slices.Sorted(maps.Keys(req.Modules))
}

// parse reads every module and reports the faults of all of them, not only those of the first bad one.
func (req *request) parse(caps *ast.Capabilities) (map[string]*ast.Module, error) {
	opts := ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1, Capabilities: caps}
	modules := make(map[string]*ast.Module, len(req.Modules))
	var faults ast.Errors
	for _, path := range req.paths() {
		module, err := ast.ParseModuleWithOpts(path, req.Modules[path], opts)
		var many ast.Errors
		switch {
		case errors.As(err, &many):
			faults = append(faults, many...)
		case err != nil:
			return nil, err
		case module != nil:
			modules[path] = module
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return modules, nil
}
