package gate.rules.secrets_test

import data.gate.fixture_test as fixture
import data.gate.rules.secrets

denied(document) := ids if {
	rules := secrets.deny with input as document
	ids := {[rule.id, rule.predicate] | some rule in rules}
}

key := concat("", ["AKIA", "IOSFODNN7EXAMPLE"])

test_secret_to_open_world if {
	denied(fixture.call("post", {"body": {"text": key}})) == {["secrets.open-world", "data"]}
	denied(fixture.request("prompts/get", "p", {"a": key})) == {["secrets.open-world", "data"]}
	denied(fixture.call("post", {"body": "nothing"})) == set()
}

test_closed_world_is_believed_of_trusted_servers if {
	denied(fixture.trusted("put", {"a": key}, {"openWorldHint": false})) == set()
	denied(fixture.trusted("put", {"a": key}, {})) == {["secrets.open-world", "data"]}
	change := {"resource": {"properties": {"annotations": {"openWorldHint": false}}}}
	denied(object.union(fixture.call("put", {"a": key}), change)) == {["secrets.open-world", "data"]}
}

test_findings_of_the_classifier_count if {
	findings := [{"class": "secret.aws_key", "pointer": "/a", "count": 1}]
	document := object.union(fixture.call("post", {}), {"classification": {"findings": findings}})
	denied(document) == {["secrets.open-world", "data"]}
}
