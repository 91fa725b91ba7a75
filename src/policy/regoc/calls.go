package main

import (
	"regexp"
	"strings"

	"github.com/gobwas/glob"
	"github.com/open-policy-agent/opa/v1/ast"
)

// patternOperand: where a builtin takes its regular expression. regex.is_valid is absent: to ask is not to err.
var patternOperand = map[string]int{
	"regex.match":                      0,
	"regex.split":                      0,
	"regex.find_n":                     0,
	"regex.find_all_string_submatch_n": 0,
	"regex.replace":                    1,
	"re_match":                         0,
}

// lintCalls finds calls that OPA evaluates to undefined, so that their rule never fires and nobody is told.
func lintCalls(compiler *ast.Compiler) (faults ast.Errors, warnings []fault) {
	for _, module := range compiler.Modules {
		for _, rule := range module.Rules {
			known := constantsOf(compiler, rule)
			ast.WalkExprs(rule, func(expr *ast.Expr) bool {
				if !expr.IsCall() {
					return false
				}
				faults = append(faults, lintCall(known, expr)...)
				warnings = append(warnings, warnCall(known, expr)...)
				return false
			})
		}
	}
	return faults, warnings
}

func lintCall(known *constants, expr *ast.Expr) ast.Errors {
	name := expr.Operator().String()
	if at, ok := patternOperand[name]; ok {
		return lintStrings(known, expr, at, func(pattern string) error {
			_, err := regexp.Compile(pattern)
			return err
		})
	}
	switch name {
	case "glob.match":
		return lintStrings(known, expr, 0, func(pattern string) error {
			_, err := glob.Compile(pattern)
			return err
		})
	case "time.clock", "time.date", "time.weekday":
		return lintTimeZone(known, expr)
	}
	if strings.HasPrefix(name, "internal.test_case") && !strings.HasSuffix(expr.Location.File, testSuffix) {
		return ast.Errors{lintError(expr.Location, "%s is for tests only", name)}
	}
	return nil
}

func lintStrings(known *constants, expr *ast.Expr, operand int, compile func(string) error) ast.Errors {
	term := expr.Operand(operand)
	if term == nil {
		return nil
	}
	var faults ast.Errors
	for _, value := range known.strings(term) {
		pattern := string(value.Value.(ast.String))
		if err := compile(pattern); err != nil {
			faults = append(faults, lintError(placeOf(value, expr),
				"%s: pattern %q does not compile: %v", expr.Operator(), pattern, err))
		}
	}
	return faults
}

// lintTimeZone: the gate's engine knows UTC only.
func lintTimeZone(known *constants, expr *ast.Expr) ast.Errors {
	var faults ast.Errors
	for _, value := range known.values(expr.Operand(0)) {
		array, ok := value.Value.(*ast.Array)
		if !ok || array.Len() < 2 {
			continue
		}
		for _, zone := range known.strings(array.Elem(1)) {
			if name := string(zone.Value.(ast.String)); name != "" && name != "UTC" {
				faults = append(faults, lintError(placeOf(zone, expr),
					"%s: time zone %q is not available, expected \"UTC\"", expr.Operator(), name))
			}
		}
	}
	return faults
}

func placeOf(term *ast.Term, expr *ast.Expr) *ast.Location {
	if term.Location != nil && term.Location.Row > 0 {
		return term.Location
	}
	return expr.Location
}
