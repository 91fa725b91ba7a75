package main

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/cover"
)

type coverage struct {
	Percent float64                 `json:"percent"`
	Files   map[string]fileCoverage `json:"files"`
}

type fileCoverage struct {
	Percent    float64    `json:"percent"`
	NotCovered []rowRange `json:"not_covered"`
}

type rowRange struct {
	From int `json:"from"`
	To   int `json:"to"`
}

func coverageOf(report cover.Report) *coverage {
	out := &coverage{Percent: report.Coverage, Files: map[string]fileCoverage{}}
	for path, file := range report.Files {
		missed := []rowRange{}
		for _, each := range file.NotCovered {
			missed = append(missed, rowRange{From: each.Start.Row, To: each.End.Row})
		}
		out.Files[path] = fileCoverage{Percent: file.Coverage, NotCovered: slices.Compact(missed)}
	}
	return out
}
