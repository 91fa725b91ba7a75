package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

type answer struct {
	Ok           bool              `json:"ok"`
	Errors       []fault           `json:"errors,omitempty"`
	Warnings     []fault           `json:"warnings,omitempty"`
	Wasm         []byte            `json:"wasm,omitempty"`
	Formatted    map[string]string `json:"formatted,omitempty"`
	Tests        []testResult      `json:"tests,omitempty"`
	Coverage     *coverage         `json:"coverage,omitempty"`
	Defined      bool              `json:"defined,omitempty"`
	Value        any               `json:"value,omitempty"`
	Trace        string            `json:"trace,omitempty"`
	Capabilities json.RawMessage   `json:"capabilities,omitempty"`
}

// fault has the shape of OPA's own errors, whoever found it.
type fault struct {
	Code     string        `json:"code"`
	Message  string        `json:"message"`
	Location *ast.Location `json:"location,omitempty"`
}

func failed(err error) answer {
	return answer{Errors: faultsOf(err)}
}

func faultsOf(err error) []fault {
	var many ast.Errors
	var one *ast.Error
	var run *topdown.Error
	switch {
	case errors.As(err, &many):
		faults := make([]fault, 0, len(many))
		for _, each := range many {
			faults = append(faults, faultOf(each))
		}
		return tidy(faults)
	case errors.As(err, &one):
		return []fault{faultOf(one)}
	case errors.As(err, &run):
		return []fault{{Code: run.Code, Message: run.Message, Location: run.Location}}
	}
	return []fault{{Code: "gate_compiler_error", Message: err.Error()}}
}

// faultOf adds OPA's details to the message: they say which fields the schema does have.
func faultOf(err *ast.Error) fault {
	message := err.Message
	if err.Details != nil {
		for _, line := range err.Details.Lines() {
			message += "\n" + line
		}
	}
	return fault{Code: err.Code, Message: message, Location: err.Location}
}

// tidy orders faults by place and drops repetitions, so that equal sources give equal answers.
func tidy(faults []fault) []fault {
	slices.SortStableFunc(faults, func(a, b fault) int {
		return cmp.Or(
			cmp.Compare(place(a).File, place(b).File),
			cmp.Compare(place(a).Row, place(b).Row),
			cmp.Compare(place(a).Col, place(b).Col),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.CompactFunc(faults, func(a, b fault) bool {
		return a.Code == b.Code && a.Message == b.Message && a.Location.Compare(b.Location) == 0
	})
}

func place(f fault) ast.Location {
	if f.Location == nil {
		return ast.Location{}
	}
	return *f.Location
}
