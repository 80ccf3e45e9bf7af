package tabular

import (
	"unicode/utf16"
	"unicode/utf8"
)

// escapes maps the character after a backslash to what it stands for.
var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escaped reads the rest of a string that began at start and has a backslash at p.at.
func (p *jsonParser) escaped(start int) ([]byte, error) {
	from := len(p.row.spare)
	p.row.spare = append(p.row.spare, p.text[start:p.at]...)
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch {
		case c == '"':
			s := p.row.spare[from:]
			if !utf8.Valid(s) {
				return nil, p.errorf("a string that is not UTF-8")
			}
			return s, nil
		case c < ' ':
			return nil, p.errorf("a control character in a string")
		case c != '\\':
			p.row.spare = append(p.row.spare, c)
		default:
			if err := p.escape(); err != nil {
				return nil, err
			}
		}
	}
	return nil, p.errorf("a string is not closed")
}

// escape reads what follows a backslash.
func (p *jsonParser) escape() error {
	if p.at == len(p.text) {
		return p.errorf("a string is not closed")
	}
	c := p.text[p.at]
	p.at++
	if c != 'u' {
		plain, ok := escapes[c]
		if !ok {
			return p.errorf("\\%c escapes nothing", c)
		}
		p.row.spare = append(p.row.spare, plain)
		return nil
	}
	code, ok := p.hex4()
	if !ok {
		return p.errorf("\\u without four hexadecimal digits")
	}
	if utf16.IsSurrogate(code) {
		code = p.surrogate(code)
	}
	p.row.spare = utf8.AppendRune(p.row.spare, code)
	return nil
}

// surrogate joins two halves; a half alone becomes U+FFFD.
func (p *jsonParser) surrogate(high rune) rune {
	at := p.at
	if p.accept('\\') && p.accept('u') {
		if low, ok := p.hex4(); ok {
			if c := utf16.DecodeRune(high, low); c != utf8.RuneError {
				return c
			}
		}
	}
	p.at = at
	return utf8.RuneError
}

func (p *jsonParser) hex4() (code rune, ok bool) {
	if len(p.text)-p.at < 4 {
		return 0, false
	}
	for _, c := range p.text[p.at : p.at+4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		code = code<<4 | rune(c)
	}
	p.at += 4
	return code, true
}
