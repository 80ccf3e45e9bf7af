package httpd

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
)

// asked is a statement as a request brings it: the body as it is, or a document with its parameters.
type asked struct {
	Base      string          `json:"base"`
	Statement string          `json:"statement"`
	Params    json.RawMessage `json:"params"`
	values    map[string]schema.Value
	interrupt func() // see api.Request
}

// readAsked reads the body and the parameters of a request, those of the URL included.
func readAsked(w http.ResponseWriter, r *http.Request) (*asked, error) {
	body, err := readBody(w, r, maxStatementBody)
	if err != nil {
		return nil, err
	}
	in := &asked{Statement: string(body)}
	if isJSON(r) {
		if err := in.document(body); err != nil {
			return nil, err
		}
	}
	q := r.URL.Query()
	if base := q.Get("base"); base != "" {
		in.Base = base
	}
	if in.values == nil {
		in.values = map[string]schema.Value{}
	}
	return in, urlParams(q, in.values)
}

// document reads {"statement": …, "params": …}.
func (in *asked) document(body []byte) (err error) {
	*in = asked{}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil // what is carried out needs neither
	}
	if !utf8.Valid(body) {
		return diag.New(diag.Invalid, diag.Span{}, "the body is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	err = dec.Decode(in)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is text after its end")
		}
	}
	if err != nil {
		return diag.New(diag.Invalid, diag.Span{}, "the body is not a JSON document with a statement: %s", strings.TrimPrefix(err.Error(), "json: ")).
			WithHint(`send {"statement": "COUNT country = $c", "params": {"c": "PL"}}, or the statement itself as text/plain`)
	}
	in.values, err = paramValues(in.Params)
	return err
}

const paramPrefix = "param."

// urlParams adds the parameters of a URL, which are texts.
func urlParams(q url.Values, to map[string]schema.Value) error {
	for key, values := range q {
		name, ok := strings.CutPrefix(key, paramPrefix)
		if !ok {
			continue
		}
		if _, twice := to[name]; twice || len(values) > 1 {
			return badParam(name, "is given twice")
		}
		v, err := textValue(name, values[0])
		if err != nil {
			return err
		}
		to[name] = v
	}
	return nil
}

// paramValues reads parameters: an object by name, an array by number.
func paramValues(raw json.RawMessage) (map[string]schema.Value, error) {
	out := map[string]schema.Value{}
	if len(raw) == 0 || string(raw) == "null" {
		return out, nil
	}
	var byName map[string]json.RawMessage
	var inOrder []json.RawMessage
	if json.Unmarshal(raw, &inOrder) == nil {
		byName = make(map[string]json.RawMessage, len(inOrder))
		for i, v := range inOrder {
			byName[strconv.Itoa(i+1)] = v
		}
	} else if err := json.Unmarshal(raw, &byName); err != nil {
		return nil, diag.New(diag.Invalid, diag.Span{}, "params is neither an object nor an array").
			WithHint(`write {"name": value} for $name, or [value, value] for $1, $2`)
	}
	for name, text := range byName {
		v, err := paramValue(name, text)
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	return out, nil
}

// paramValue reads one value. Numbers never pass through a float: digits are an INT, digits with a point a
// DECIMAL, and those with an exponent a FLOAT, as in a statement.
func paramValue(name string, raw json.RawMessage) (schema.Value, error) {
	switch raw[0] {
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return schema.Value{}, badParam(name, "is no text")
		}
		return textValue(name, s)
	case '[':
		return setValue(name, raw)
	case '{':
		return schema.Value{}, badParam(name, "is an object")
	case 't', 'f':
		v := schema.Value{Kind: schema.KindBool}
		if raw[0] == 't' {
			v.I = 1
		}
		return v, nil
	case 'n':
		return schema.Value{}, nil
	}
	return numberValue(name, string(raw))
}

func badParam(name, what string) *diag.Error {
	return diag.New(diag.Invalid, diag.Span{}, "the parameter $%.64s %s", name, what).
		WithHint("a value is a text, a number, true, false, null, or an array of texts for a SET")
}

func textValue(name, s string) (schema.Value, error) {
	if len(s) > schema.MaxTextBytes {
		return schema.Value{}, diag.New(diag.Limit, diag.Span{}, "the parameter $%.64s is %d bytes long; a text has at most %d", name, len(s), schema.MaxTextBytes)
	}
	if !utf8.ValidString(s) {
		return schema.Value{}, badParam(name, "is not UTF-8")
	}
	return schema.Value{Kind: schema.KindText, S: s}, nil
}

func setValue(name string, raw json.RawMessage) (schema.Value, error) {
	var elems []any
	if err := json.Unmarshal(raw, &elems); err != nil {
		return schema.Value{}, badParam(name, "is no array")
	}
	if len(elems) > schema.MaxSetValues {
		return schema.Value{}, diag.New(diag.Limit, diag.Span{}, "the parameter $%.64s has %d values; a SET has at most %d", name, len(elems), schema.MaxSetValues)
	}
	set := make([]string, len(elems))
	for i, e := range elems {
		s, ok := e.(string)
		if !ok || len(s) > schema.MaxSetValueBytes {
			return schema.Value{}, badParam(name, "is an array that holds something else than texts of at most 4096 bytes")
		}
		set[i] = s
	}
	slices.Sort(set)
	return schema.Value{Kind: schema.KindSet, Set: slices.Compact(set)}, nil
}

func numberValue(name, text string) (schema.Value, error) {
	tooLarge := diag.New(diag.Overflow, diag.Span{}, "the parameter $%.64s does not fit: %.40s", name, text).
		WithHint("an INT or DECIMAL holds 18 digits, a FLOAT is written with an exponent, such as 1e30")
	if strings.ContainsAny(text, "eE") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return schema.Value{}, tooLarge
		}
		return schema.Value{Kind: schema.KindFloat, F: f}, nil
	}
	whole, decimals, point := strings.Cut(text, ".")
	i, err := strconv.ParseInt(whole+decimals, 10, 64)
	if err != nil || len(decimals) > schema.MaxScale {
		return schema.Value{}, tooLarge
	}
	if !point {
		return schema.Value{Kind: schema.KindInt, I: i}, nil
	}
	return schema.Value{Kind: schema.KindDecimal, Scale: uint8(len(decimals)), I: i}, nil
}
