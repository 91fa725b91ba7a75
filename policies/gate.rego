# METADATA
# title: the fold
# description: |
#   Folds what every rule in data.gate.rules said into one decision; order, predicates and defaults are here alone.
package gate

# METADATA
# description: The one answer for one call.
decision := {
	"outcome": outcome,
	"reason": speakers[0].reason,
	"rules": [object.filter(rule, {"id", "reason", "predicate", "version"}) | some rule in speakers],
	"predicates": predicates,
	"obligations": obligations,
	"risk": risk,
	"approval": approval,
	"simulate": simulate,
	"compute": compute,
	"reuse": reuse,
}

# Whether a list shows this item. Arguments are not known yet, so deny rules have no say here; a hide rule has.
default visible := false

visible if {
	every answer in hides { answer == set() }
	count(faults) == 0
}

# ---- what the rules said -------------------------------------------------------------------------------------------

answers := {
	"deny": [answer | answer := data.gate.rules[_].deny],
	"simulate": [answer | answer := data.gate.rules[_].simulate],
	"compute": [answer | answer := data.gate.rules[_].compute],
	"escalate": [answer | answer := data.gate.rules[_].escalate],
	"reuse": [answer | answer := data.gate.rules[_].reuse],
	"adapt": [answer | answer := data.gate.rules[_].adapt],
	"allow": [answer | answer := data.gate.rules[_].allow],
}

# Only well-formed elements take part; one that is not denies below.
heard[kind] := {rule |
	some answer in collected
	is_set(answer)
	some rule in answer
	well_formed(rule)
} if {
	some kind, collected in answers
}

hides contains answer if answer := data.gate.rules[_].hide

# What holds for the result of every call that is let through: its elements are obligations, and no opinion on the call.
duties := [answer | answer := data.gate.rules[_].oblige]

obliged := {duty |
	some answer in duties
	is_set(answer)
	some duty in answer
	is_string(duty.type)
}

matched := {rule | some rules in heard; some rule in rules}

# An escalate rule that the approval of this very call names has had its yes: from here on it is an allow.
satisfied(rule) if rule.id in input.context.approval.rules

# A compute rule that has nothing left to change in this call is an allow, too: the gate has tried.
wanting := {rule | some rule in heard.compute; not settled(rule)}

content := {rule | some rule in heard.compute; settled(rule)}

settled(rule) if rule.id in input.context.settled

# When no rule speaks, the fallback does.
asked := heard.escalate | {rule | silent; data.gate.fallback == "escalate"; rule := unspoken}

pending := {rule | some rule in asked; not satisfied(rule)}

granted := {rule | some rule in asked; satisfied(rule)}

silent if count(matched) == 0

unspoken := {"id": "gate.no-rule", "reason": "no rule speaks about this call"}

# ---- the order of the outcomes: the first that somebody wants wins, and deny before all of them ---------------------

wanted := {
	"simulate": heard.simulate,
	"compute": wanting,
	"escalate": pending,
	"reuse": heard.reuse,
	"adapt": heard.adapt,
	"allow": ((heard.allow | granted) | content),
}

candidates := [kind |
	some kind in ["simulate", "compute", "escalate", "reuse", "adapt", "allow"]
	count(wanted[kind]) > 0
]

outcome := "deny" if {
	count(denials) > 0
} else := candidates[0]

speakers := sort(denials) if {
	count(denials) > 0
} else := sort(wanted[outcome])

# ---- what denies ---------------------------------------------------------------------------------------------------

denials := (heard.deny | faults) | refusals

# The call's own facts are incomplete, or a rule cannot be read. Both hide the item in lists, too.
faults contains fault("identity", "gate.no-subject", "the caller is not identified") if not identified

faults contains fault("model", "gate.no-model", "the model facts are incomplete") if not model_known

faults contains fault("data", "gate.no-classification", "the data facts are incomplete") if not classified

faults contains fault("policy", "gate.unknown-input", "the input is not of version 1") if not input.version.mcp_gate == "1"

faults contains fault("policy", "gate.frozen", "the gate is frozen") if not input.context.freeze == false

faults contains fault("policy", "gate.malformed-rule", "a rule is malformed") if {
	some kind, collected in answers
	some answer in collected
	not readable(answer, heard[kind])
}

faults contains fault("policy", "gate.malformed-rule", "a rule is malformed") if {
	some answer in duties
	not readable(answer, obliged)
}

refusals contains fault("policy", "gate.no-rule", unspoken.reason) if {
	silent
	not data.gate.fallback == "escalate"
}

# Policy saw only the head of a long string, so a rule must say that this is enough.
refusals contains fault("policy", "gate.truncated", "arguments are too long to be decided") if {
	not input.resource.properties.arguments_truncated == false
	not truncation_accepted
}

refusals contains fault("policy", "gate.conflict", "rules disagree about the simulated result") if {
	candidates[0] == "simulate"
	count({object.get(rule, "result", null) | some rule in heard.simulate}) > 1
}

refusals contains fault("policy", "gate.conflict", "rules disagree about the safe path") if {
	candidates[0] == "compute"
	count({object.filter(rule, {"arguments", "patch", "tool"}) | some rule in wanting}) > 1
}

refusals contains fault("policy", "gate.no-approver-left", "no approver may decide for every rule") if {
	candidates[0] == "escalate"
	count(approver_sets) > 0
	count(intersection(approver_sets)) == 0
}

fault(predicate, id, reason) := {"id": id, "reason": reason, "predicate": predicate}

truncation_accepted if {
	some rule in heard.allow
	rule.accepts_truncated == true
}

# ---- the four predicates: each holds unless a denial names it ---------------------------------------------------------

predicates := {name: holds |
	some name in ["identity", "model", "data", "policy"]
	holds := count({1 | some rule in denials; object.get(rule, "predicate", "policy") == name}) == 0
}

identified if {
	is_string(input.subject.id)
	input.subject.id != ""
}

identified if input.subject.properties.source == "anonymous"

model_known if input.model.source == "unknown"

model_known if {
	input.model.source in {"client", "gateway"}
	is_string(input.model.id)
	input.model.id != ""
}

classified if {
	is_array(input.classification.labels)
	is_array(input.classification.findings)
	input.classification.classifier.id != ""
}

# ---- what rules of the same outcome add up to -------------------------------------------------------------------------

# Every rule that matched, whatever its outcome, adds its obligations.
obligations := sort({obligation | some rule in matched; some obligation in rule.obligations} | obliged)

default risk := null

risk := [rule.risk | some rule in matched; rule.risk.score == highest][0]

highest := max({rule.risk.score | some rule in matched})

default approval := null

approval := object.union(terms, {"client": client | some rule in pending; rule.client}) if outcome == "escalate"

# A yes in the agent's own client is only put on record for "asks", and is enough for a rule that says "confirms".
client := {word: sort(saying(word) - {rule.id | some rule in pending; not rule.client == word}) | some word in client_words}
saying(word) := {rule.id | some rule in pending; rule.client == word}
client_words := {"asks", "confirms"}

terms := {
	"expires_in_s": shortest,
	"quorum": max({1} | {rule.quorum | some rule in pending}),
	"approvers": sort(intersection(approver_sets)),
}

default shortest := null

shortest := min({rule.expires_in_s | some rule in pending})

# What the outcome needs. Rules that disagree about it deny above, so anyone's word is everybody's.
default simulate := null

simulate := {"result": object.get(speakers[0], "result", null)} if outcome == "simulate"

default compute := null

compute := object.filter(speakers[0], {"arguments", "patch", "tool"}) if outcome == "compute"

default reuse := null

reuse := {"ttl_s": min({rule.ttl_s | some rule in heard.reuse})} if {
	outcome == "reuse"
	every rule in heard.reuse { rule.ttl_s > 0 }
}

# A rule that names no approvers leaves it open; one that names some narrows it down.
approver_sets := {{name | some name in rule.approvers} | some rule in pending; rule.approvers}

# ---- what a rule element looks like -----------------------------------------------------------------------------------

# `deny if …` in place of `deny contains … if …` gives a boolean, and must not be ignored without a word.
readable(answer, accepted) if {
	is_set(answer)
	every rule in answer { rule in accepted }
}

# A misspelt member must not be a rule that says less than its author means: no obligation, no quorum, no safe path.
members := {
	"id", "reason", "predicate", "version", "risk", "obligations", "accepts_truncated",
	"expires_in_s", "quorum", "approvers", "client", "result", "arguments", "patch", "tool", "ttl_s",
}

well_formed(rule) if {
	count(object.keys(rule) - members) == 0
	text(rule.id, 200)
	rule.id != ""
	text(rule.reason, 2000)
	object.get(rule, "predicate", "policy") in {"identity", "model", "data", "policy"}
	text(object.get(rule, "version", ""), 200)
	is_boolean(object.get(rule, "accepts_truncated", false))
	object.get(rule, "expires_in_s", 1) > 0
	is_number(object.get(rule, "expires_in_s", 1))
	whole(object.get(rule, "quorum", 1))
	object.get(rule, "client", "asks") in client_words
	every name in object.get(rule, "approvers", []) { text(name, 200) }
	listed(object.get(rule, "approvers", []))
	every obligation in object.get(rule, "obligations", []) { is_string(obligation.type) }
	listed(object.get(rule, "obligations", []))
	rated(object.get(rule, "risk", {"domain": "", "score": 0}))
}

text(value, limit) if {
	is_string(value)
	count(value) <= limit
}

whole(value) if {
	is_number(value)
	value >= 1
	round(value) == value
}

listed(value) if is_array(value)

listed(value) if is_set(value)

rated(risk) if {
	text(risk.domain, 200)
	is_number(risk.score)
	count(risk) == 2
}
