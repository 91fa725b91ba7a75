package gate_test

import data.gate
import data.gate.fixture_test as fixture

rule(id) := {"id": id, "reason": concat(" ", ["because of", id])}

# The fold, over one set of rules, for a plain call.
fold(rules) := answer if {
	answer := gate.decision with data.gate.rules as {"mine": rules} with input as fixture.call("tool", {})
}

fold_approved(rules, ids) := answer if {
	approval := {"id": "a", "rules": ids, "approvers": ["bob"], "expires": "2026-01-01T00:15:00.000Z"}
	answer := gate.decision with data.gate.rules as {"mine": rules}
		with input as object.union(fixture.call("tool", {}), {"context": {"approval": approval}})
}

with_change(rules, change) := answer if {
	answer := gate.decision with data.gate.rules as {"mine": rules}
		with input as object.union(fixture.call("tool", {}), change)
}

ids(answer) := [each.id | some each in answer.rules]

test_allow_alone if {
	answer := fold({"allow": {rule("a")}})
	answer.outcome == "allow"
	answer.reason == "because of a"
	answer.rules == [{"id": "a", "reason": "because of a"}]
	answer.predicates == {"identity": true, "model": true, "data": true, "policy": true}
	answer.obligations == []
	answer.risk == null
	answer.approval == null
}

test_first_outcome_wins if {
	kinds := ["deny", "simulate", "compute", "escalate", "reuse", "adapt", "allow"]
	every index, kind in kinds {
		later := array.slice(kinds, index, count(kinds))
		fold({each: {rule(each)} | some each in later}).outcome == kind
	}
}

test_deny_names_its_predicate if {
	answer := fold({"deny": {object.union(rule("a"), {"predicate": "data"})}, "allow": {rule("b")}})
	answer.outcome == "deny"
	answer.predicates == {"identity": true, "model": true, "data": false, "policy": true}
	ids(answer) == ["a"]
}

test_silence_takes_the_fallback if {
	escalated := fold({}) with data.gate.fallback as "escalate"
	escalated.outcome == "escalate"
	ids(escalated) == ["gate.no-rule"]
	denied := fold({}) with data.gate.fallback as "deny"
	denied.outcome == "deny"
	denied.predicates.policy == false
	every fallback in ["allow", "", null, true] {
		odd := fold({}) with data.gate.fallback as fallback
		odd.outcome == "deny"
	}
}

test_approved_rule_is_an_allow if {
	fold_approved({"escalate": {rule("a")}}, ["a"]).outcome == "allow"
	fold_approved({"escalate": {rule("a")}}, ["b"]).outcome == "escalate"
	ids(fold_approved({"escalate": {rule("a"), rule("b")}}, ["a"])) == ["b"]
	fold_approved({"escalate": {rule("a")}, "deny": {rule("d")}}, ["a"]).outcome == "deny"
	approved := fold_approved({}, ["gate.no-rule"]) with data.gate.fallback as "escalate"
	approved.outcome == "allow"
}

test_approval_adds_up if {
	answer := fold({"escalate": {
		object.union(rule("a"), {"expires_in_s": 900, "quorum": 1, "approvers": ["ann", "bob"]}),
		object.union(rule("b"), {"expires_in_s": 60, "quorum": 2, "approvers": ["bob", "eve"]}),
		rule("c"),
	}})
	answer.approval == {"expires_in_s": 60, "quorum": 2, "approvers": ["bob"]}
}

test_approval_without_wishes if {
	fold({"escalate": {rule("a")}}).approval == {"expires_in_s": null, "quorum": 1, "approvers": []}
}

test_approval_names_what_the_client_is_asked_for if {
	said := {object.union(rule("a"), {"client": "asks"}), object.union(rule("b"), {"client": "confirms"}), rule("c")}
	fold({"escalate": said}).approval.client == {"asks": ["a"], "confirms": ["b"]}
	fold_approved({"escalate": said}, ["b"]).approval.client == {"asks": ["a"], "confirms": []}
	fold({"allow": said}).approval == null
	twice := {object.union(rule("a"), {"client": "confirms"}), {"id": "a", "reason": "another"}}
	fold({"escalate": twice}).approval.client == {"asks": [], "confirms": []}
}

test_no_approver_left if {
	answer := fold({"escalate": {
		object.union(rule("a"), {"approvers": ["ann"]}),
		object.union(rule("b"), {"approvers": ["bob"]}),
	}})
	answer.outcome == "deny"
	ids(answer) == ["gate.no-approver-left"]
	answer.approval == null
}

test_obligations_of_all if {
	notify := {"type": "notify", "channel": "ops"}
	redact := {"type": "redact", "classes": ["pci"]}
	answer := fold({
		"adapt": {object.union(rule("a"), {"obligations": [redact]})},
		"allow": {object.union(rule("b"), {"obligations": [notify, redact]})},
	})
	answer.outcome == "adapt"
	{each | some each in answer.obligations} == {notify, redact}
	count(answer.obligations) == 2
	approved := fold_approved({"escalate": {object.union(rule("c"), {"obligations": [notify]})}}, ["c"])
	approved.obligations == [notify]
}

test_what_obliges_is_no_opinion_on_the_call if {
	redact := {"type": "redact", "classes": ["pci"]}
	notify := {"type": "notify", "channel": "log"}
	ids(fold({"oblige": {redact}})) == ["gate.no-rule"]
	answer := fold({"oblige": {redact}, "allow": {object.union(rule("a"), {"obligations": [notify]})}})
	[answer.outcome, ids(answer)] == ["allow", ["a"]]
	{each | some each in answer.obligations} == {redact, notify}
	every oblige in [true, [redact], redact, {redact, "redact"}, {{"classes": ["pci"]}}] {
		ids(fold({"allow": {rule("a")}, "oblige": oblige})) == ["gate.malformed-rule"]
	}
}

test_highest_risk if {
	answer := fold({
		"allow": {object.union(rule("a"), {"risk": {"domain": "files", "score": 2}})},
		"adapt": {object.union(rule("b"), {"risk": {"domain": "money", "score": 7}})},
	})
	answer.risk == {"domain": "money", "score": 7}
}

test_conflicting_payloads_deny if {
	simulate := {object.union(rule("a"), {"result": {"x": 1}}), object.union(rule("b"), {"result": {"x": 2}})}
	ids(fold({"simulate": simulate})) == ["gate.conflict"]
	compute := {object.union(rule("a"), {"tool": "x"}), object.union(rule("b"), {"patch": {"x": 2}})}
	fold({"compute": compute}).outcome == "deny"
	same := {object.union(rule("a"), {"tool": "x"}), object.union(rule("b"), {"tool": "x"})}
	fold({"compute": same}).outcome == "compute"
}

# What a rule says under a name that nobody knows would be left out without a word: here its obligations.
test_a_misspelt_member_denies if {
	misspelt := object.union(rule("a"), {"obligation": [{"type": "redact", "classes": ["pci"]}]})
	ids(fold({"allow": {rule("b")}, "adapt": {misspelt}})) == ["gate.malformed-rule"]
}

test_malformed_rules_deny if {
	every element in [
		"text", 1, null, true, {}, {"id": "a"}, {"reason": "r"}, {"id": "", "reason": "r"}, {"id": 1, "reason": "r"},
		{"id": "a", "reason": "r", "predicate": "other"},
		{"id": "a", "reason": "r", "expires_in_s": 0},
		{"id": "a", "reason": "r", "expires_in_s": "1h"},
		{"id": "a", "reason": "r", "quorum": 0},
		{"id": "a", "reason": "r", "quorum": 1.5},
		{"id": "a", "reason": "r", "client": true},
		{"id": "a", "reason": "r", "client": "confirm"},
		{"id": "a", "reason": "r", "approvers": "bob"},
		{"id": "a", "reason": "r", "approvers": [1]},
		{"id": "a", "reason": "r", "obligations": [{}]},
		{"id": "a", "reason": "r", "obligations": {"type": "redact"}},
		{"id": "a", "reason": "r", "risk": 3},
		{"id": "a", "reason": "r", "accepts_truncated": "yes"},
		{"id": "a", "reason": "r", "version": 1},
	] {
		not gate.well_formed(element)
	}
	ids(fold({"allow": {rule("b"), {"id": "a"}}})) == ["gate.malformed-rule"]
	fold({"allow": {rule("b"), "text"}}).outcome == "deny"
}

test_rule_without_contains_denies if {
	every answer in [true, [rule("a")], rule("a"), "a"] {
		ids(fold({"allow": {rule("b")}, "deny": answer})) == ["gate.malformed-rule"]
	}
}

test_truncated_arguments if {
	cut := {"resource": {"properties": {"arguments_truncated": true}}}
	ids(with_change({"allow": {rule("a")}}, cut)) == ["gate.truncated"]
	with_change({"allow": {object.union(rule("a"), {"accepts_truncated": true})}}, cut).outcome == "allow"
	with_change({"escalate": {object.union(rule("a"), {"accepts_truncated": true})}}, cut).outcome == "deny"
}

test_incomplete_facts_deny if {
	every predicate, change in {
		"identity": {"subject": {"id": null, "properties": {"source": "unknown"}}},
		"model": {"model": {"source": "gateway", "id": null}},
		"data": {"classification": {"classifier": {"id": ""}}},
		"policy": {"version": {"mcp_gate": "2"}},
	} {
		answer := with_change({"allow": {rule("a")}}, change)
		answer.outcome == "deny"
		answer.predicates[predicate] == false
	}
	anonymous := {"subject": {"id": null, "properties": {"source": "anonymous"}}}
	with_change({"allow": {rule("a")}}, anonymous).outcome == "allow"
	ids(with_change({"allow": {rule("a")}}, {"context": {"freeze": true}})) == ["gate.frozen"]
}

test_visible if {
	item := object.union(fixture.call("tool", {}), {"action": {"name": "list"}})
	gate.visible with input as item with data.gate.rules as {"mine": {"deny": {rule("a")}}}
	not gate.visible with input as item with data.gate.rules as {"mine": {"hide": {rule("a")}}}
	not gate.visible with input as item with data.gate.rules as {"mine": {"hide": true}}
	not gate.visible with input as item with data.gate.rules as {"mine": {"deny": true}}
	not gate.visible with input as {}
}

test_what_the_outcome_needs if {
	simulated := fold({"simulate": {object.union(rule("a"), {"result": {"content": []}})}})
	simulated.simulate == {"result": {"content": []}}
	fold({"simulate": {rule("a")}}).simulate == {"result": null}
	computed := fold({"compute": {object.union(rule("a"), {"patch": {"limit": 10}})}, "allow": {rule("b")}})
	computed.compute == {"patch": {"limit": 10}}
	reused := fold({"reuse": {object.union(rule("a"), {"ttl_s": 60}), object.union(rule("b"), {"ttl_s": 5})}})
	reused.reuse == {"ttl_s": 5}
	fold({"reuse": {object.union(rule("a"), {"ttl_s": 60}), rule("b")}}).reuse == null
	every answer in [fold({"allow": {rule("a")}}), fold({"deny": {rule("a")}})] {
		[answer.simulate, answer.compute, answer.reuse] == [null, null, null]
	}
}

test_a_settled_compute_rule_is_an_allow if {
	rules := {"compute": {object.union(rule("a"), {"patch": {"x": 1}})}}
	with_change(rules, {"context": {"settled": ["a"]}}).outcome == "allow"
	with_change(rules, {"context": {"settled": ["b"]}}).outcome == "compute"
	both := object.union(rules, {"escalate": {rule("e")}})
	with_change(both, {"context": {"settled": ["a"]}}).outcome == "escalate"
	other := {"compute": {object.union(rule("a"), {"patch": {"x": 1}}), object.union(rule("c"), {"patch": {"y": 1}})}}
	answer := with_change(other, {"context": {"settled": ["a"]}})
	[answer.outcome, answer.compute, ids(answer)] == ["compute", {"patch": {"y": 1}}, ["c"]]
}
