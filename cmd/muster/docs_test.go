package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// docsThatRun are the pages whose blocks are run.
var docsThatRun = []string{
	"README.md", "docs/tutorial/first-steps.md", "docs/how-to/load-files.md",
	"docs/how-to/segment-from-ids.md", "docs/how-to/export-for-a-campaign.md", "docs/reference/http.md", "docs/reference/statements.md",
	"docs/explanation/limits.md",
}

// TestDocs runs the pages as a reader would, each against a server of its own in a folder of its own.
// Blocks are told apart by what stands behind ```:
//
//	sql run      statements for muster query, all of them must succeed
//	sql fails    statements of which the last must fail
//	sh run       a shell's commands; muster and curl reach the page's server
//	csv file=x   a file, written before the next block (any language with file=)
//	text         directly behind a block that runs: what it answers; -rewrite writes it anew
//	text about   the same but for numbers, dates and widths, which depend on the day
//
// Statements are over the base that `<!-- base: NAME -->` names; over `demo` the page's server has a small shop.
func TestDocs(t *testing.T) {
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range docsThatRun {
		t.Run(filepath.Base(name), func(t *testing.T) {
			file, err := filepath.Abs(filepath.Join("..", "..", name))
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			server := testServer
			if strings.Contains(string(text), "<!-- base: demo -->") {
				server = demoServer
			}
			p := &page{t: t, url: server(t), dir: t.TempDir()}
			if err := os.Symlink(path, filepath.Join(p.dir, "muster")); err != nil {
				t.Fatal(err)
			}
			got := p.run(string(text))
			if p.blocks == 0 {
				t.Error("nothing of the page was run")
			}
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// page is one page under way.
type page struct {
	t        *testing.T
	url, dir string
	base     string
	blocks   int
}

// run runs a page and returns its text with the answers that came.
func (p *page) run(text string) string {
	lines := strings.SplitAfter(text, "\n")
	var out strings.Builder
	answer, ran := "", ""
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		out.WriteString(lines[i])
		if b, ok := strings.CutPrefix(line, "<!-- base: "); ok {
			p.base, _, _ = strings.Cut(b, " ")
		}
		info, ok := strings.CutPrefix(line, "```")
		if !ok {
			if line != "" {
				ran = ""
			}
			continue
		}
		body := ""
		for i++; i < len(lines) && strings.TrimSpace(lines[i]) != "```"; i++ {
			body += lines[i]
		}
		switch {
		case (info == "text" || info == "text about") && ran != "":
			same := info == "text" && strings.TrimSpace(body) == answer || info == "text about" && about(body) == about(answer)
			if !same && !*rewrite {
				p.t.Errorf("\n%s\nanswers\n%s\nand not, as the page says,\n%s", ran, answer, strings.TrimSpace(body))
			}
			body, ran = answer+"\n", ""
		default:
			if ran = ""; p.block(info, body, &answer) {
				ran = body
			}
		}
		out.WriteString(body + "```\n")
	}
	return out.String()
}

var (
	numbers = regexp.MustCompile(`[0-9][0-9.,:]*`)
	widths  = regexp.MustCompile(`[ ─█▏▎▍▌▋▊▉]+`)
)

// about returns an answer without its numbers and widths.
func about(text string) string {
	return widths.ReplaceAllString(numbers.ReplaceAllString(strings.TrimSpace(text), "#"), " ")
}

// block carries out a block, if it is one to be run, and says whether it answered.
func (p *page) block(info, body string, answer *string) bool {
	words := strings.Fields(info)
	if len(words) < 2 {
		return false
	}
	switch what := words[0] + " " + words[1]; {
	case strings.HasPrefix(words[1], "file="):
		name := strings.TrimPrefix(words[1], "file=")
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(body), 0o600); err != nil {
			p.t.Fatal(err)
		}
		return false
	case what == "sql run", what == "sql fails":
		*answer = p.statements(body, what == "sql fails")
	case what == "sh run":
		*answer = p.shell(body)
	default:
		p.t.Errorf("a block is marked %q, which is not known here", info)
		return false
	}
	p.blocks++
	return true
}

func (p *page) statements(text string, fails bool) string {
	p.t.Chdir(p.dir)
	var out bytes.Buffer
	code := run(context.Background(), []string{"query", "--url", p.url, "--base", p.base, "-c", text}, streams{out: &out, err: &out})
	if want := map[bool]int{false: exitOK, true: exitFailed}[fails]; code != want {
		p.t.Errorf("ended with %d, want %d:\n%s\n%s", code, want, text, out.String())
	}
	return p.masked(out.String())
}

func (p *page) shell(text string) string {
	for _, tool := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			p.t.Skipf("SKIPPED: there is no %s here to run the page with", tool)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-e", "-c", strings.ReplaceAll(text, "http://127.0.0.1:7070", p.url))
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "MUSTER_URL="+p.url)
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Errorf("%v:\n%s\n%s", err, text, out)
	}
	return p.masked(string(out))
}

// masked returns an answer without what differs from run to run.
func (p *page) masked(text string) string {
	text = strings.ReplaceAll(text, p.url, "http://127.0.0.1:7070")
	text = elapsed.ReplaceAllString(text, "(…)")
	text = clockMS.ReplaceAllString(text, `"$1":…`)
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \r")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// TestDocsLinks holds that the links of the pages lead to files that exist.
func TestDocsLinks(t *testing.T) {
	root := filepath.Join("..", "..")
	var pages []string
	for _, pattern := range []string{"*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	for _, name := range pages {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range links(string(text)) {
			target, _, _ := strings.Cut(link, "#")
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			if strings.HasSuffix(target, "performance.md") {
				continue // written from a run of make bench
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), target)); err != nil {
				t.Errorf("%s links to %s, which is not there", name, link)
			}
		}
	}
	if len(pages) < 5 {
		t.Error(fmt.Sprint("only these pages were found: ", pages))
	}
}

// links returns the targets of [text](target) outside of blocks.
func links(text string) []string {
	var out []string
	for i, part := range strings.Split(text, "```") {
		if i%2 == 1 {
			continue
		}
		for _, p := range strings.Split(part, "](")[1:] {
			target, _, _ := strings.Cut(p, ")")
			out = append(out, target)
		}
	}
	return out
}
