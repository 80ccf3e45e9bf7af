package shell

import (
	"bufio"
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/query/parse"
)

// item is a statement, or a command with its arguments on one line.
type item struct {
	text    string // without semicolon, backslash kept
	command bool
	done    bool // nothing can be missing at its end
}

// items yields the statements and commands of a text. A command begins with a backslash where a statement
// could begin, and ends with its line.
func items(text string) iter.Seq[item] {
	return func(yield func(item) bool) {
		for at := 0; at < len(text); {
			it, next := itemAt(text, at)
			if at = next; it.text != "" && !yield(it) {
				return
			}
		}
	}
}

// itemAt returns the item that begins at an offset, and where the next one begins.
func itemAt(text string, at int) (item, int) {
	span, next, done := lex.Split(text, at)
	if span.Start == span.End {
		return item{}, next
	}
	rest := text[span.Start:]
	if rest[0] == '\\' || isWord(rest) {
		line, _, _ := strings.Cut(rest, "\n")
		it := item{text: strings.TrimRight(strings.TrimSpace(line), "; \t"), command: true, done: true}
		return it, span.Start + min(len(line)+1, len(rest))
	}
	return item{text: text[span.Start:span.End], done: done}, next
}

// bareWords are commands without a backslash, if they stand alone.
var bareWords = map[string]bool{"help": true, "quit": true, "exit": true}

// isWord says whether a text's first line is a command that needs no backslash, brackets after it or not,
// or help with what it is wanted on.
func isWord(text string) bool {
	line, _, _ := strings.Cut(text, "\n")
	words := strings.Fields(strings.ToLower(strings.TrimRight(line, "; \t\r")))
	if len(words) == 2 && words[0] == "help" {
		return true
	}
	return len(words) == 1 && bareWords[strings.TrimSuffix(words[0], "()")]
}

// whole says whether a text can be carried out as it stands: it ends with a semicolon or a command, or
// with an empty line after a statement that lacks nothing.
func whole(text string) bool {
	last := item{done: true}
	for it := range items(text) {
		last = it
	}
	if last.done {
		return true
	}
	if !strings.HasSuffix(text, "\n") && !strings.HasSuffix(strings.TrimRight(text, " \t"), "\n") {
		return false
	}
	_, err := parse.Statement(last.text)
	return err == nil
}

// reader cuts what comes from a pipe into texts of whole statements.
type reader struct {
	in *bufio.Reader
}

func newReader(in io.Reader) *reader { return &reader{bufio.NewReader(in)} }

// next returns the next text. At the end of the input it returns what is left with io.EOF.
func (r *reader) next() (string, error) {
	var text strings.Builder
	for {
		line, err := r.in.ReadString('\n')
		text.WriteString(line)
		if err != nil {
			return text.String(), err
		}
		if text.Len() > lex.MaxStatement { // the server says what is wrong with it
			return text.String(), nil
		}
		if mayEnd(line) && ends(text.String()) {
			return text.String(), nil
		}
	}
}

// mayEnd says whether a statement or a command may end with a line, so that not every line of a long
// statement has it looked at from its beginning.
func mayEnd(line string) bool {
	return strings.ContainsAny(line, ";\\") || isWord(line) || strings.TrimSpace(line) == ""
}

// ends says whether nothing is open at the end of a text.
func ends(text string) bool {
	last := item{done: true}
	for it := range items(text) {
		last = it
	}
	return last.done
}

// words cuts the arguments of a command at blanks; what stands in single quotes is one of them, with
// doubled quotes for one.
func words(text string) ([]string, error) {
	var out []string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		if text[0] != '\'' {
			end := strings.IndexAny(text, " \t")
			if end < 0 {
				end = len(text)
			}
			out, text = append(out, text[:end]), text[end:]
			continue
		}
		word, rest, ok := quotedWord(text)
		if !ok {
			return nil, errors.New("error: the quote is not closed; file names with blanks stand in single quotes: 'my file.csv'")
		}
		out, text = append(out, word), rest
	}
	return out, nil
}

func quotedWord(text string) (word, rest string, ok bool) {
	for i := 1; i < len(text); i++ {
		if text[i] != '\'' {
			continue
		}
		if i+1 < len(text) && text[i+1] == '\'' {
			i++
			continue
		}
		return strings.ReplaceAll(text[1:i], "''", "'"), text[i+1:], true
	}
	return "", "", false
}
