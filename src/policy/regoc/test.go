package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
)

const testTimeout = 5 * time.Second

type testResult struct {
	Package     string  `json:"package"`
	Name        string  `json:"name"`
	File        string  `json:"file"`
	Row         int     `json:"row"`
	Passed      bool    `json:"passed"`
	Skipped     bool    `json:"skipped"`
	Error       string  `json:"error,omitempty"`
	DurationMs  float64 `json:"duration_ms"`
	printed     string
	unexplained bool
}

// runTests runs every test_* rule, one after another, each under a time limit.
func runTests(req *request) (answer, error) {
	caps, err := req.capabilities()
	if err != nil {
		return answer{}, err
	}
	modules, err := req.parse(caps)
	if err != nil {
		return answer{}, err
	}
	ctx := context.Background()
	store := inmem.NewFromObject(req.Data)
	txn, err := store.NewTransaction(ctx)
	if err != nil {
		return answer{}, err
	}
	defer store.Abort(ctx, txn)
	covered := cover.New()
	compiler := newCompiler(caps).WithEnablePrintStatements(true)
	results, err := tester.NewRunner().
		SetCompiler(compiler).
		SetStore(store).
		SetParallel(1).
		SetTimeout(req.testTimeout()).
		SetCoverageQueryTracer(&yielding{next: covered}).
		SetModules(modules).
		RunTests(ctx, txn)
	if err != nil {
		return answer{}, err
	}
	var out answer
	for result := range results {
		out.Tests = append(out.Tests, describeResult(result))
	}
	explainFailures(ctx, compiler, store, txn, out.Tests)
	slices.SortFunc(out.Tests, func(a, b testResult) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Row, b.Row), cmp.Compare(a.Name, b.Name))
	})
	out.Coverage = coverageOf(covered.Report(modules))
	return out, nil
}

func (req *request) testTimeout() time.Duration {
	if req.TestTimeout > 0 {
		return time.Duration(req.TestTimeout) * time.Millisecond
	}
	return testTimeout
}

func describeResult(result *tester.Result) testResult {
	out := testResult{
		Package:    result.Package,
		Name:       result.Name,
		Passed:     !result.Fail && !result.Skip && result.Error == nil,
		Skipped:    result.Skip,
		DurationMs: float64(result.Duration.Microseconds()) / 1000,
	}
	if result.Location != nil {
		out.File, out.Row = result.Location.File, result.Location.Row
	}
	var details []string
	if result.Error != nil {
		details = append(details, result.Error.Error())
	}
	details = append(details, failedCases(result.SubResults, "")...)
	out.Error = strings.Join(details, "\n")
	out.printed = strings.TrimSpace(string(result.Output))
	out.unexplained = result.Fail && len(details) == 0
	return out
}

func failedCases(cases tester.SubResultMap, above string) []string {
	var failed []string
	for name, each := range cases {
		if !each.Fail {
			continue
		}
		if len(each.SubResults) > 0 {
			failed = append(failed, failedCases(each.SubResults, above+name+"/")...)
			continue
		}
		failed = append(failed, fmt.Sprintf("case %q failed", above+name))
	}
	slices.Sort(failed)
	return failed
}

// explainFailures runs a failed test once more to name the expression that was not true: to trace every test would
// cost far more. A test that ended with an error of its own, or with named cases, has said enough.
func explainFailures(ctx context.Context, compiler *ast.Compiler, store storage.Store, txn storage.Transaction, results []testResult) {
	for i := range results {
		result := &results[i]
		if result.unexplained {
			result.Error = notTrue(ctx, compiler, store, txn, *result)
		}
		if result.printed != "" && !result.Passed {
			result.Error += "\nprinted: " + result.printed
		}
	}
}

func notTrue(ctx context.Context, compiler *ast.Compiler, store storage.Store, txn storage.Transaction, result testResult) string {
	last := &lastFailure{file: result.File, from: result.Row, to: endOf(compiler, result)}
	limited, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	_, err := rego.New(
		rego.Query(result.Package+"."+result.Name), rego.Compiler(compiler), rego.Store(store),
		rego.Transaction(txn), rego.QueryTracer(&yielding{next: last}),
	).Eval(limited)
	if err != nil || last.event == nil {
		return "was not true"
	}
	at := last.event.Location
	return fmt.Sprintf("%s:%d: was not true: %s", at.File, at.Row, at.Text)
}

// endOf is the last row of the test's rule.
func endOf(compiler *ast.Compiler, result testResult) int {
	module := compiler.Modules[result.File]
	if module == nil {
		return result.Row
	}
	for _, rule := range module.Rules {
		if rule.Location.Row == result.Row {
			return result.Row + strings.Count(string(rule.Location.Text), "\n")
		}
	}
	return result.Row
}
