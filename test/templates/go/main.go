// Renders templates/custom/*.tmpl with Go's own html/template, the engine that Gitea uses, over data as Gitea's
// pages have it. Reads cases as JSON from standard input, writes {"case": {"hook": "html"}} to standard output.
package main

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

type repository struct {
	ID            int64
	OwnerName     string
	Name          string
	DefaultBranch string
	Topics        []string
}

func (r *repository) FullName() string { return r.OwnerName + "/" + r.Name }
func (r *repository) Link() string     { return "/" + r.OwnerName + "/" + r.Name }

type issue struct {
	Index  int64
	IsPull bool
}

type stringUtils struct{}

func (stringUtils) Contains(s, part string) bool { return strings.Contains(s, part) }

// The template context of Gitea up to 1.26: a map. A missing key renders empty.
type contextMap map[string]any

// From 1.27 on it can make a nonce.
type contextWithNonce map[string]any

func (contextWithNonce) CspScriptNonce() string { return "n0nce+/=" }

type testCase struct {
	Name string
	// "1.26": neither .CurrentURL nor nonce; "1.25": .CurrentURL; "1.27": both; "bare": no request either.
	Version string
	URL     string
	// Keys of ctx.Data beside those below.
	Data       map[string]any
	Repository *repository
	Issue      *issue
}

func main() {
	directory := os.Args[1]
	var cases []testCase
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		fail(err)
	}
	out := map[string]map[string]string{}
	for _, c := range cases {
		out[c.Name] = map[string]string{}
		for _, hook := range []string{"header", "body_inner_post", "footer", "extra_tabs"} {
			html, err := render(filepath.Join(directory, hook+".tmpl"), c)
			if err != nil {
				html = "ERROR " + err.Error()
			}
			out[c.Name][hook] = html
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		fail(err)
	}
}

func render(path string, c testCase) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	parsed, err := template.New(path).Funcs(functions(c)).Parse(string(text))
	if err != nil {
		return "", err
	}
	data := map[string]any{}
	for key, value := range c.Data {
		data[key] = value
	}
	if c.Version == "1.25" || c.Version == "1.27" {
		data["CurrentURL"] = c.URL
	}
	if c.Repository != nil {
		data["Repository"] = c.Repository
		data["RepoLink"] = c.Repository.Link()
	}
	if c.Issue != nil {
		data["Issue"] = c.Issue
	}
	var html strings.Builder
	err = parsed.Execute(&html, data)
	return html.String(), err
}

func functions(c testCase) template.FuncMap {
	entries := map[string]any{}
	if address, err := url.ParseRequestURI(c.URL); err == nil && c.Version != "bare" {
		entries["_req"] = &http.Request{URL: address}
	}
	return template.FuncMap{
		"ctx": func() any {
			if c.Version == "1.27" {
				return contextWithNonce(entries)
			}
			return contextMap(entries)
		},
		"AppSubUrl":      func() string { return "" },
		"AssetUrlPrefix": func() string { return "/assets" },
		"StringUtils":    func() stringUtils { return stringUtils{} },
		"svg":            func(name string, _ ...any) template.HTML { return template.HTML(`<svg class="svg ` + name + `"></svg>`) },
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
