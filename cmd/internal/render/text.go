package render

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Width returns how many columns of a terminal a text takes that was made harmless.
func Width(text string) int { return uniseg.StringWidth(text) }

const (
	zeroWidthJoiner = '\u200d' // makes one sign of several emoji
	// maxCluster bounds the bytes of one sign with its accents; the longest emoji have 35.
	maxCluster = 64
)

// Harmless returns a text on one line that cannot steer the terminal: line ends are drawn, tabs are blanks,
// other control and format characters become replacement characters, and so do signs that are drowned in
// accents. At most limit columns of it are returned (0: all); what was longer ends with the style's sign
// for it.
func (s Style) Harmless(text string, limit int) string {
	if isPlain(text) && (limit <= 0 || len(text) <= limit) {
		return text
	}
	return cut(text, limit, s.glyphs())
}

func cut(text string, limit int, g *glyphs) string {
	var b strings.Builder
	width, keep := 0, 0 // keep: bytes of b that leave room for the sign
	room := limit - len([]rune(g.more))
	for state := -1; text != ""; {
		var cluster string
		cluster, text, _, state = uniseg.FirstGraphemeClusterInString(text, state)
		cluster = harmless(cluster, g)
		w := uniseg.StringWidth(cluster)
		if limit > 0 && width+w > limit {
			if room < 0 {
				return strings.Repeat(".", max(0, limit))
			}
			return b.String()[:keep] + g.more
		}
		b.WriteString(cluster)
		if width += w; width <= room {
			keep = b.Len()
		}
	}
	return b.String()
}

// harmless returns one sign without what could steer the terminal.
func harmless(cluster string, g *glyphs) string {
	if len(cluster) > maxCluster {
		return string(utf8.RuneError)
	}
	if len(cluster) == 1 && cluster[0] >= ' ' && cluster[0] < 0x7f {
		return cluster
	}
	var b strings.Builder
	for _, r := range cluster {
		switch {
		case r == '\r':
		case r == '\n':
			b.WriteString(g.newline)
		case r == '\t':
			b.WriteByte(' ')
		case !unicode.IsGraphic(r) && r != zeroWidthJoiner:
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isPlain says whether a text is printable ASCII.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] >= 0x7f {
			return false
		}
	}
	return true
}

// pad fills a text with blanks up to a width.
func pad(text string, width int, right bool) string {
	blanks := strings.Repeat(" ", max(0, width-Width(text)))
	if right {
		return blanks + text
	}
	return text + blanks
}

// Lines makes a text of several lines harmless and keeps its line ends.
func (s Style) Lines(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = s.Harmless(l, 0)
	}
	return strings.Join(lines, "\n")
}
