package gate.client_test

import data.gate.client

test_nothing_is_wished_unasked if {
	client.wish(set()) == {}
	client.wish({{"id": "a", "reason": "r"}}) == {}
	client.wish({{"id": "a", "reason": "r", "client": "sometimes"}}) == {}
}

test_every_rule_speaks_for_itself if {
	rules := {{"id": "c", "client": "confirms"}, {"id": "a", "client": "asks"}, {"id": "b", "client": "confirms"}, {"id": "d"}}
	client.wish(rules) == {"client": {"asks": ["a"], "confirms": ["b", "c"]}}
	client.wish({{"id": "a", "client": "asks"}}) == {"client": {"asks": ["a"], "confirms": []}}
}
