package shell

import (
	"strings"

	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/query/complete"
)

// maxHighlight bounds the work at each key: longer texts are plain.
const maxHighlight = 64 << 10

// colours are the codes of the classes of words; what is missing is left as it is.
var colours = map[complete.Class]string{
	complete.Keyword:   render.Bold + ";" + render.Blue,
	complete.Function:  render.Cyan,
	complete.Text:      render.Green,
	complete.Number:    render.Yellow,
	complete.Duration:  render.Yellow,
	complete.Parameter: render.Cyan,
	complete.Comment:   render.Dim,
	complete.Error:     render.Red,
}

// highlight colours a text that is being edited.
func highlight(style render.Style, text string) string {
	if !style.Colour || len(text) > maxHighlight {
		return text
	}
	if strings.HasPrefix(text, "\\") {
		command, rest, _ := strings.Cut(text, " ")
		return style.Paint(render.Green, command) + text[len(command):len(text)-len(rest)] + rest
	}
	var b strings.Builder
	at := 0
	for _, t := range complete.Highlight(text) {
		b.WriteString(text[at:t.Start])
		b.WriteString(style.Paint(colours[t.Class], text[t.Start:t.End]))
		at = t.End
	}
	b.WriteString(text[at:])
	return b.String()
}
