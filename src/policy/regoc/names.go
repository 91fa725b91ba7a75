package main

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// outcomes are the sets that gate.rego collects from the packages under gate.rules.
var outcomes = []string{"deny", "escalate", "simulate", "compute", "reuse", "adapt", "allow", "hide"}

// lintNames finds names that OPA accepts and that silently mean something else than their author thinks.
func lintNames(modules map[string]*ast.Module) ast.Errors {
	builtins := builtinNames()
	var faults ast.Errors
	for _, module := range modules {
		isRules := isRulesPackage(module.Package.Path)
		for _, imported := range module.Imports {
			if name := string(imported.Name()); builtins[name] && isData(imported) {
				faults = append(faults, lintError(imported.Loc(), "import %q hides the builtin of that name; give it another alias", name))
			}
		}
		ast.WalkRules(module, func(rule *ast.Rule) bool {
			name := ruleName(rule)
			if builtins[name] {
				faults = append(faults, lintError(rule.Loc(), "rule %q hides the builtin of that name; rename it", name))
			}
			if isRules {
				faults = append(faults, lintOutcome(rule, name)...)
			}
			return false
		})
	}
	return faults
}

// lintOutcome: a misspelt outcome would never be collected, and one that is no set could not be.
func lintOutcome(rule *ast.Rule, name string) ast.Errors {
	if slices.Contains(outcomes, name) {
		if rule.Default || len(rule.Head.Args) > 0 || len(rule.Head.Ref()) != 1 || rule.Head.RuleKind() != ast.MultiValue {
			return ast.Errors{lintError(rule.Loc(), "%q must be a set: write %q", name, name+" contains {…} if {…}")}
		}
		return nil
	}
	if len(rule.Head.Args) > 0 {
		return nil
	}
	for _, outcome := range outcomes {
		if oneEditApart(name, outcome) {
			return ast.Errors{lintError(rule.Loc(), "rule %q looks like a misspelt %q and would never be collected; rename it", name, outcome)}
		}
	}
	return nil
}

func ruleName(rule *ast.Rule) string {
	if name, ok := rule.Head.Ref()[0].Value.(ast.Var); ok {
		return string(name)
	}
	return string(rule.Head.Name)
}

// isRulesPackage holds for gate.rules and everything below it.
func isRulesPackage(path ast.Ref) bool {
	return path.HasPrefix(ast.MustParseRef("data.gate.rules"))
}

func isData(imported *ast.Import) bool {
	ref, ok := imported.Path.Value.(ast.Ref)
	return ok && (ref.HasPrefix(ast.DefaultRootRef) || ref.HasPrefix(ast.InputRootRef))
}

// builtinNames holds every builtin of OPA, also those the gate lacks, and the first part of dotted ones: a rule called
// `time` makes `time.now_ns` unreachable, a rule called `div` changes what `/` does.
func builtinNames() map[string]bool {
	names := map[string]bool{}
	for _, builtin := range ast.Builtins {
		first, _, _ := strings.Cut(builtin.Name, ".")
		names[first] = true
	}
	return names
}

// oneEditApart: one letter added, lost, changed, or two neighbours swapped.
func oneEditApart(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	same := 0
	for same < len(a) && a[same] == b[same] {
		same++
	}
	restA, restB := a[same:], b[same:]
	switch len(b) - len(a) {
	case 1:
		return restA == restB[1:]
	case 0:
		if len(restA) == 0 {
			return false
		}
		swapped := len(restA) > 1 && restA[0] == restB[1] && restA[1] == restB[0] && restA[2:] == restB[2:]
		return swapped || restA[1:] == restB[1:]
	}
	return false
}
