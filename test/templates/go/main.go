// Renders templates/custom/*.tmpl with Go's own html/template, the engine that Gitea uses, over data and functions
// as Gitea's pages have them. Reads cases as JSON from standard input, writes {"case": {"hook": "html"}} to standard
// output. Arguments: folders with the templates; a case names the one it wants.
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
	Description   string
	IsArchived    bool
	IsEmpty       bool
	Topics        []string
	subURL        string
}

func (r *repository) FullName() string { return r.OwnerName + "/" + r.Name }
func (r *repository) Link() string {
	return r.subURL + "/" + url.PathEscape(r.OwnerName) + "/" + url.PathEscape(r.Name)
}

type issue struct {
	Index  int64
	Title  string
	IsPull bool
}

type stringUtils struct{}

func (*stringUtils) Contains(s, part string) bool { return strings.Contains(s, part) }

// The template context of Gitea is a map: a missing key renders empty.
type contextMap map[string]any

// From 1.27 on it can make a nonce.
type contextWithNonce map[string]any

func (contextWithNonce) CspScriptNonce() string { return "n0nce+/=" }

type testCase struct {
	Name string
	// Which of the folders.
	Templates string
	// What differs between releases.
	CurrentURL bool
	Request    bool
	Nonce      bool
	// Path and query below SubURL.
	URL    string
	SubURL string
	// Keys of ctx.Data beside those below.
	Data       map[string]any
	Repository *repository
	Issue      *issue
}

func main() {
	var cases []testCase
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		fail(err)
	}
	out := map[string]map[string]string{}
	for _, c := range cases {
		out[c.Name] = map[string]string{}
		for _, hook := range []string{"header", "body_inner_post", "footer", "extra_tabs"} {
			html, err := render(filepath.Join(c.Templates, hook+".tmpl"), c)
			if err != nil {
				html += "ERROR " + err.Error()
			}
			out[c.Name][hook] = html
		}
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(out); err != nil {
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
	if c.CurrentURL {
		data["CurrentURL"] = c.SubURL + c.URL
	}
	if c.Repository != nil {
		c.Repository.subURL = c.SubURL
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
	if c.Request {
		address, err := url.Parse(c.SubURL + c.URL)
		if err != nil {
			fail(err)
		}
		entries["_req"] = &http.Request{URL: address}
	}
	return template.FuncMap{
		"ctx": func() any {
			if c.Nonce {
				return contextWithNonce(entries)
			}
			return contextMap(entries)
		},
		"AppSubUrl":      func() string { return c.SubURL },
		"AssetUrlPrefix": func() string { return c.SubURL + "/assets" },
		"StringUtils":    func() *stringUtils { return &stringUtils{} },
		"svg":            func(name string, _ ...any) template.HTML { return template.HTML(`<svg class="svg ` + name + `"></svg>`) },
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
