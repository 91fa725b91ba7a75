package main

import (
	"runtime"

	"github.com/open-policy-agent/opa/v1/topdown"
)

const (
	yieldEvery    = 2_000
	maxTraceSteps = 50_000
)

// yielding lets other goroutines run now and then: wasm has one thread that nobody interrupts, so without it
// the timer that ends a long evaluation would never fire.
type yielding struct {
	next  topdown.QueryTracer
	steps int
}

func (y *yielding) Enabled() bool { return true }

func (y *yielding) Config() topdown.TraceConfig {
	if y.next == nil {
		return topdown.TraceConfig{}
	}
	return y.next.Config()
}

func (y *yielding) TraceEvent(event topdown.Event) {
	if y.steps++; y.steps%yieldEvery == 0 {
		runtime.Gosched()
	}
	if y.next != nil {
		y.next.TraceEvent(event)
	}
}

// bounded keeps the first steps of an explanation; an endless evaluation must not fill the memory with them.
type bounded struct {
	*topdown.BufferTracer
	dropped int
}

func (b *bounded) TraceEvent(event topdown.Event) {
	if len(*b.BufferTracer) >= maxTraceSteps {
		b.dropped++
		return
	}
	b.BufferTracer.TraceEvent(event)
}

// lastFailure remembers the furthest expression of one rule that was not true.
type lastFailure struct {
	file     string
	from, to int
	event    *topdown.Event
}

func (l *lastFailure) Enabled() bool               { return true }
func (l *lastFailure) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

func (l *lastFailure) TraceEvent(event topdown.Event) {
	at := event.Location
	if event.Op != topdown.FailOp || at == nil || at.File != l.file || at.Row < l.from || at.Row > l.to {
		return
	}
	if l.event == nil || at.Row >= l.event.Location.Row {
		l.event = &event
	}
}
