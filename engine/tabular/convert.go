package tabular

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// CellError is a cell that does not fit its column's type.
type CellError struct {
	Row    int    // index in the batch
	Reason string // such as `column amount: "12,5" is not a number`
}

// Convert returns the first rows cells of a column as values of a type, with OpNull for nulls and OpSkip for
// cells with an error. The texts of the result are its own. A text becomes a value as TRY_CAST reads it,
// except that an empty text is null for every type but TEXT; a SET is a JSON array of texts, else one
// element. Dates and times without a zone are of the zone. Nothing is rounded: what does not fit is an error.
func Convert(c *Column, rows int, id uint32, t schema.Type, zone *calendar.Zone) (change.Column, []CellError) {
	cv := converter{in: c, zone: zone, out: change.Column{ID: id, Type: t}}
	if t.Kind == schema.KindSet {
		cv.out.SetOff = append(make([]uint32, 0, rows+1), 0)
	}
	if c.Unsupported != "" {
		cv.out.Ops = make([]change.Op, 0, rows)
	}
	for i := range rows {
		cv.row(i)
	}
	return cv.out, cv.errs
}

type converter struct {
	in   *Column
	zone *calendar.Zone
	out  change.Column
	errs []CellError
}

func (cv *converter) row(i int) {
	var op change.Op
	var err error
	switch {
	case cv.in.Unsupported != "":
		op, err = change.OpSkip, fmt.Errorf("values of type %s cannot be read", cv.in.Unsupported)
	case cv.in.Null(i):
		op = change.OpNull
	default:
		op, err = cv.cell(i)
	}
	if err != nil {
		op = change.OpSkip
		cv.errs = append(cv.errs, CellError{i, "column " + cv.in.Name + ": " + err.Error()})
	}
	if op != change.OpSet {
		cv.empty(i)
		cv.setOp(i, op)
		return
	}
	if cv.out.Ops != nil {
		cv.out.Ops = append(cv.out.Ops, op)
	}
}

// setOp records an operation that is not OpSet.
func (cv *converter) setOp(i int, op change.Op) {
	if cv.out.Ops == nil {
		cv.out.Ops = make([]change.Op, i, max(i+1, BatchRows))
		for j := range cv.out.Ops {
			cv.out.Ops[j] = change.OpSet
		}
	}
	cv.out.Ops = append(cv.out.Ops, op)
}

// empty adds the zero cell of a row that sets nothing.
func (cv *converter) empty(int) {
	switch cv.out.Type.Kind {
	case schema.KindText:
		cv.out.Texts.Append(nil)
	case schema.KindSet:
		cv.endSet()
	case schema.KindFloat:
		cv.out.Floats = append(cv.out.Floats, 0)
	default:
		cv.out.Ints = append(cv.out.Ints, 0)
	}
}

func (cv *converter) endSet() {
	cv.out.SetOff = append(cv.out.SetOff, uint32(cv.out.Texts.Len()))
}

// cell converts a cell that is not null. It adds a cell only if it returns OpSet without an error.
func (cv *converter) cell(i int) (change.Op, error) {
	switch {
	case cv.in.Untyped || cv.in.Type.Kind == schema.KindText:
		return cv.fromText(i)
	case cv.in.Type == cv.out.Type && !cv.in.Local:
		return cv.same(i)
	}
	v, err := scalar.Cast(scalar.Of(cv.in.value(i, cv.zone)), cv.out.Type, cv.zone)
	if err != nil {
		return change.OpSkip, err
	}
	return cv.put(v)
}

// kinds says which cells of NDJSON become which types: a string and a number become whatever their text is.
func (cv *converter) kindError(i int) error {
	if cv.in.Kinds == nil {
		return nil
	}
	k, to := cv.in.Kinds[i], cv.out.Type.Kind
	switch {
	case k == CellBool && to != schema.KindBool && to != schema.KindText:
		return fmt.Errorf("a JSON boolean is no %s", cv.out.Type)
	case k == CellSet && to != schema.KindSet, k == CellJSON && to != schema.KindText:
		return fmt.Errorf("a JSON array of this kind is no %s", cv.out.Type)
	case k == CellNumber && (to == schema.KindDate || to == schema.KindTimestamp):
		return fmt.Errorf("a JSON number is no %s; write a text such as \"2026-04-01T10:00:00Z\"", cv.out.Type)
	}
	return nil
}

func (cv *converter) fromText(i int) (change.Op, error) {
	raw := cv.in.Texts.At(i)
	if err := cv.kindError(i); err != nil {
		return change.OpSkip, err
	}
	t := cv.out.Type
	if t.Kind == schema.KindText {
		cv.out.Texts.Append(raw)
		return change.OpSet, nil
	}
	if len(raw) == 0 {
		return change.OpNull, nil
	}
	// The parsers take a string and keep nothing of it.
	text := unsafe.String(&raw[0], len(raw))
	var v int64
	var err error
	switch t.Kind {
	case schema.KindBool:
		var b bool
		b, err = scalar.ParseBool(text)
		v = int64(scalar.Truth(b))
	case schema.KindInt, schema.KindDecimal:
		v, err = scalar.ParseFixed(text, t.Scale)
	case schema.KindDate:
		v, err = scalar.ParseDay(text, cv.zone)
	case schema.KindTimestamp:
		v, err = scalar.ParseInstant(text, cv.zone)
	case schema.KindKey:
		v = int64(scalar.HashKey(raw))
	case schema.KindFloat:
		return cv.textToFloat(text)
	case schema.KindSet:
		return cv.textToSet(string(raw))
	default:
		err = fmt.Errorf("no text is a %s", t)
	}
	if err == nil {
		cv.out.Ints = append(cv.out.Ints, v)
	}
	return change.OpSet, err
}

func (cv *converter) textToFloat(text string) (change.Op, error) {
	f, err := scalar.ParseFloat(text)
	if err == nil {
		cv.out.Floats = append(cv.out.Floats, f)
	}
	return change.OpSet, err
}

func (cv *converter) textToSet(text string) (change.Op, error) {
	elems, err := scalar.ParseSet(text)
	if err != nil {
		return change.OpSkip, err
	}
	cv.putSet(elems)
	return change.OpSet, nil
}

func (cv *converter) putSet(elems []string) {
	for _, e := range elems {
		cv.out.Texts.AppendString(e)
	}
	cv.endSet()
}

// same copies a cell whose type is the wanted one.
func (cv *converter) same(i int) (change.Op, error) {
	switch cv.out.Type.Kind {
	case schema.KindSet:
		v := cv.in.value(i, cv.zone)
		if err := scalar.CheckSet(v.Set); err != nil {
			return change.OpSkip, err
		}
		cv.putSet(v.Set)
	case schema.KindFloat:
		return cv.putFloat(cv.in.Floats[i])
	default:
		cv.out.Ints = append(cv.out.Ints, cv.in.Ints[i])
	}
	return change.OpSet, nil
}

func (cv *converter) putFloat(f float64) (change.Op, error) {
	if math.IsInf(f, 0) {
		return change.OpSkip, fmt.Errorf("%v is not a finite number", f)
	}
	cv.out.Floats = append(cv.out.Floats, f)
	return change.OpSet, nil
}

// put adds a value that was cast to the type.
func (cv *converter) put(v scalar.Value) (change.Op, error) {
	t := cv.out.Type
	switch t.Kind {
	case schema.KindText:
		if err := scalar.CheckText(v.S); err != nil {
			return change.OpSkip, err
		}
		cv.out.Texts.AppendString(v.S)
	case schema.KindSet:
		cv.putSet(v.Set)
	case schema.KindFloat:
		return cv.putFloat(v.Num.Float64())
	case schema.KindInt, schema.KindDecimal:
		u, err := v.Num.Unscaled(t.Scale)
		if err != nil {
			return change.OpSkip, err
		}
		cv.out.Ints = append(cv.out.Ints, u)
	default:
		cv.out.Ints = append(cv.out.Ints, v.I)
	}
	return change.OpSet, nil
}

// Value returns the cell of row i, null if it is. A cell of an untyped column is a TEXT.
func (c *Column) Value(i int, zone *calendar.Zone) schema.Value {
	if c.Unsupported != "" || c.Null(i) {
		return schema.Value{}
	}
	return c.value(i, zone)
}

func (c *Column) value(i int, zone *calendar.Zone) schema.Value {
	v := schema.Value{Kind: c.Type.Kind, Scale: c.Type.Scale}
	switch {
	case c.Untyped || v.Kind == schema.KindText:
		v.Kind, v.S = schema.KindText, string(c.Texts.At(i))
	case v.Kind == schema.KindSet:
		for j := c.SetOff[i]; j < c.SetOff[i+1]; j++ {
			v.Set = append(v.Set, string(c.Texts.At(int(j))))
		}
		return scalar.NewSet(v.Set).Value
	case v.Kind == schema.KindFloat:
		v.F = c.Floats[i]
	case c.Local:
		v.I = zone.Instant(c.Ints[i])
	default:
		v.I = c.Ints[i]
	}
	return v
}

// Infer returns the type that an open schema gives a new name from this column, by its first cell that is
// not null: CSV is TEXT; JSON booleans are BOOL, whole numbers INT, numbers of at most six decimals
// DECIMAL(6), else FLOAT, ISO days DATE, ISO instants TIMESTAMP, arrays of texts SET, all else TEXT. Typed
// columns keep their type. ok is false if all rows are null.
func (c *Column) Infer(rows int) (t schema.Type, ok bool) {
	if c.Unsupported != "" {
		return t, false
	}
	for i := range rows {
		if c.Null(i) {
			continue
		}
		if c.Kinds == nil {
			return c.Type, true
		}
		return inferCell(c.Kinds[i], string(c.Texts.At(i))), true
	}
	return t, false
}

func inferCell(k CellKind, text string) schema.Type {
	switch k {
	case CellBool:
		return schema.Type{Kind: schema.KindBool}
	case CellSet:
		return schema.Type{Kind: schema.KindSet}
	case CellNumber:
		return inferNumber(text)
	case CellText:
		if _, p, err := calendar.ParseDate(text); err == nil && p == calendar.ToDay {
			return schema.Type{Kind: schema.KindDate}
		}
		if _, p, err := calendar.UTC.ParseInstant(text); err == nil && p >= calendar.ToMinute {
			return schema.Type{Kind: schema.KindTimestamp}
		}
	}
	return schema.Type{Kind: schema.KindText}
}

// inferredScale is the number of decimals of an inferred DECIMAL: types never change, so it is the most
// that a later value of the column may have.
const inferredScale = 6

func inferNumber(text string) schema.Type {
	x, err := exact.Parse(text)
	if err == nil && x.Scale() == 0 {
		if _, ok := x.Fits(0); ok {
			return schema.Type{Kind: schema.KindInt}
		}
	}
	if err == nil {
		if _, ok := x.Fits(inferredScale); ok {
			return schema.Type{Kind: schema.KindDecimal, Scale: inferredScale}
		}
	}
	return schema.Type{Kind: schema.KindFloat}
}

func appendFloats(dst []byte, fs []float64) []byte {
	for _, f := range fs {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
	}
	return dst
}
