// The reference: runs templates through Go's own html/template. Reads a JSON list of sources on standard input,
// writes a list of {output, error} on standard output. Data and functions mirror corpus.ts.
package main

import (
	"bytes"
	"encoding/json"
	"html/template"
	"os"
	"strings"
)

type owner struct{ Name string }

type repository struct {
	Name   string
	Topics []string
	Owner  *owner
	Nobody *owner
}

func (r *repository) FullName() string        { return "ml/" + r.Name }
func (r *repository) Has(topic string) bool   { return strings.Contains(strings.Join(r.Topics, " "), topic) }
func (r *repository) Join(a, b string) string { return a + "/" + b }

type stringUtils struct{}

func (stringUtils) Contains(text, part string) bool { return strings.Contains(text, part) }

type result struct {
	Output string `json:"output"`
	Failed bool   `json:"failed"`
}

func main() {
	var sources []string
	if err := json.NewDecoder(os.Stdin).Decode(&sources); err != nil {
		panic(err)
	}
	functions := template.FuncMap{
		"safe":        func(text string) template.HTML { return template.HTML(text) },
		"upper":       strings.ToUpper,
		"sum":         func(numbers ...int) int { total := 0; for _, n := range numbers { total += n }; return total },
		"StringUtils": func() stringUtils { return stringUtils{} },
		"dict": func(pairs ...any) map[string]any {
			made := map[string]any{}
			for at := 0; at+1 < len(pairs); at += 2 {
				made[pairs[at].(string)] = pairs[at+1]
			}
			return made
		},
	}
	results := []result{}
	for _, source := range sources {
		results = append(results, render(source, functions))
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(results); err != nil {
		panic(err)
	}
}

func render(source string, functions template.FuncMap) result {
	parsed, err := template.New("page").Funcs(functions).Parse(source)
	if err != nil {
		return result{Failed: true}
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, map[string]any{
		"Title": "<b>\"Wine\" & 'cheese' + more</b>",
		"Empty": "",
		"Zero":  0,
		"Seven": 7,
		"Half":  0.5,
		"Big":   1e21,
		"Yes":   true,
		"No":    false,
		"Nil":   nil,
		"List":  []any{"a", "<b>", 3},
		"None":  []any{},
		"Map":   map[string]any{"one": 1, "two": "x&y", "nested": map[string]any{"deep": "sea"}},
		"Url":   "https://example.com/a b?q=1&r='x'",
		"Bad":   "javascript:alert(1)",
		"Path":  "ml/wine quality",
		"Break": "</script><!-- \u2028",
		"Css":   "red; x: expression(1)",
		"Colour": "#4183c4",
		"Safe":  template.HTML("<i title=\"x\">safe</i>"),
		"Repository": &repository{Name: "wine", Topics: []string{"databricks", "ml"}, Owner: &owner{Name: "ada"}},
	})
	return result{Output: out.String(), Failed: err != nil}
}
