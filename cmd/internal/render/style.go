package render

import "strings"

// Style says what a terminal can show. The zero value is plain UTF-8 text without colours.
type Style struct {
	Colour bool // SGR sequences may be written
	ASCII  bool // boxes, bars and signs of our own are drawn with ASCII; data stays as it is
}

// StyleOf returns the style for output to a terminal, or to something that is none, under an environment:
// NO_COLOR (https://no-color.org) and TERM=dumb take the colours away, LC_ALL, LC_CTYPE and LANG, the first
// of them that is set, say whether UTF-8 is understood. That none is set is taken for UTF-8.
func StyleOf(terminal bool, getenv func(string) string) Style {
	s := Style{Colour: terminal && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := getenv(name); v != "" {
			v = strings.ToLower(v)
			s.ASCII = !strings.Contains(v, "utf-8") && !strings.Contains(v, "utf8")
			break
		}
	}
	return s
}

// The codes of Paint.
const (
	Bold   = "1"
	Dim    = "2"
	Red    = "31"
	Green  = "32"
	Yellow = "33"
	Blue   = "34"
	Cyan   = "36"
)

// Paint returns the text in a colour, or as it is if there are none. The text is one that was made harmless.
func (s Style) Paint(code, text string) string {
	if !s.Colour || text == "" || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// glyphs are the signs that drawings are made of.
type glyphs struct {
	top, middle, bottom [3]string // corner or crossing: left, between columns, right
	across, down        string
	more                string // something was left out
	newline             string
}

var (
	boxGlyphs = glyphs{
		top: [3]string{"┌", "┬", "┐"}, middle: [3]string{"├", "┼", "┤"}, bottom: [3]string{"└", "┴", "┘"},
		across: "─", down: "│", more: "…", newline: "⏎",
	}
	asciiGlyphs = glyphs{
		top: [3]string{"+", "+", "+"}, middle: [3]string{"+", "+", "+"}, bottom: [3]string{"+", "+", "+"},
		across: "-", down: "|", more: "...", newline: `\n`,
	}
)

func (s Style) glyphs() *glyphs {
	if s.ASCII {
		return &asciiGlyphs
	}
	return &boxGlyphs
}
