package change

import "fmt"

// Split returns what each of n shards gets of a change, nil for a shard that gets nothing: rows go where
// shard says for their contact id, in their order; parts without rows go to every shard.
func Split(ch *Change, n int, shard func(id []byte) int) []*Change {
	out := make([]*Change, n)
	add := func(i int, p Part) {
		if out[i] == nil {
			out[i] = &Change{}
		}
		out[i].Parts = append(out[i].Parts, p)
	}
	for _, p := range ch.Parts {
		rows, id := rowsOf(p)
		if id == nil || n == 1 {
			for i := range out {
				add(i, p)
			}
			continue
		}
		for i, picked := range distribute(rows, n, func(row int) int { return shard(id(row)) }) {
			if len(picked) > 0 {
				add(i, Pick(p, picked))
			}
		}
	}
	return out
}

// Cut returns the change in n pieces of about equally many rows each, which applied one after the other
// do the same. Parts without rows go into the first.
func Cut(ch *Change, n int) []*Change {
	out := make([]*Change, n)
	for i := range out {
		out[i] = &Change{}
	}
	for _, p := range ch.Parts {
		rows, id := rowsOf(p)
		if id == nil {
			out[0].Parts = append(out[0].Parts, p)
			continue
		}
		per := (rows + n - 1) / n
		for i := range out {
			lo, hi := min(i*per, rows), min((i+1)*per, rows)
			if lo < hi {
				out[i].Parts = append(out[i].Parts, Pick(p, span(lo, hi)))
			}
		}
	}
	return out
}

// rowsOf returns how many rows a part has and how to get the contact id of one; id is nil for parts
// without rows.
func rowsOf(p Part) (rows int, id func(row int) []byte) {
	switch p := p.(type) {
	case *Upsert:
		return p.IDs.Len(), p.IDs.At
	case *Track:
		return p.Rows(), p.Contact
	case *Delete:
		return p.IDs.Len(), p.IDs.At
	case *DeleteEvents:
		return p.Rows(), p.Contact
	}
	return 0, nil
}

// RowCount returns how many rows the parts of a change have together.
func RowCount(ch *Change) int {
	total := 0
	for _, p := range ch.Parts {
		rows, _ := rowsOf(p)
		total += rows
	}
	return total
}

// distribute returns for each of n shards the rows that go there.
func distribute(rows, n int, shard func(row int) int) [][]uint32 {
	out := make([][]uint32, n)
	for row := range rows {
		i := shard(row)
		out[i] = append(out[i], uint32(row))
	}
	return out
}

func span(lo, hi int) []uint32 {
	rows := make([]uint32, hi-lo)
	for i := range rows {
		rows[i] = uint32(lo + i)
	}
	return rows
}

// Pick returns a part with some of its rows, in the order given. The part must be one with rows.
func Pick(p Part, rows []uint32) Part {
	switch p := p.(type) {
	case *Upsert:
		return &Upsert{Stamp: p.Stamp, Existing: p.Existing, IDs: pickStrings(&p.IDs, rows), Cols: pickColumns(p.Cols, rows)}
	case *Delete:
		return &Delete{IDs: pickStrings(&p.IDs, rows)}
	case *Track:
		t := &Track{
			Stamp: p.Stamp, Event: p.Event,
			Times: pickSlice(p.Times, rows), EventIDs: pickSlice(p.EventIDs, rows), Props: pickColumns(p.Props, rows),
		}
		t.IDs, t.Codes = pickTexts(&p.IDs, p.Codes, rows)
		return t
	case *DeleteEvents:
		d := &DeleteEvents{Event: p.Event, Times: pickSlice(p.Times, rows), Hashes: pickSlice(p.Hashes, rows)}
		d.IDs, d.Codes = pickTexts(&p.IDs, p.Codes, rows)
		return d
	}
	panic(fmt.Sprintf("change: a %T has no rows", p))
}

func pickSlice[T any](of []T, rows []uint32) []T {
	if of == nil {
		return nil
	}
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = of[r]
	}
	return out
}

func pickStrings(of *Strings, rows []uint32) Strings {
	total := 0
	for _, r := range rows {
		total += int(of.Off[r+1] - of.Off[r])
	}
	out := Strings{Off: make([]uint32, 1, len(rows)+1), Bytes: make([]byte, 0, total)}
	for _, r := range rows {
		out.Append(of.At(int(r)))
	}
	return out
}

// pickTexts picks rows of texts with or without a dictionary. Of a dictionary only the texts that are
// used are kept, in the order of their first use.
func pickTexts(texts *Strings, codes []uint32, rows []uint32) (Strings, []uint32) {
	if codes == nil {
		return pickStrings(texts, rows), nil
	}
	renamed := make([]uint32, texts.Len())
	var used []uint32
	out := make([]uint32, len(rows))
	for i, r := range rows {
		code := codes[r]
		if renamed[code] == 0 {
			used = append(used, code)
			renamed[code] = uint32(len(used))
		}
		out[i] = renamed[code] - 1
	}
	return pickStrings(texts, used), out
}

func pickColumns(cols []Column, rows []uint32) []Column {
	out := make([]Column, len(cols))
	for i := range cols {
		out[i] = pickColumn(&cols[i], rows)
	}
	return out
}

func pickColumn(c *Column, rows []uint32) Column {
	out := Column{
		ID: c.ID, Type: c.Type,
		Ops: pickSlice(c.Ops, rows), Ints: pickSlice(c.Ints, rows), Floats: pickSlice(c.Floats, rows),
	}
	if c.SetOff != nil {
		return pickSets(c, rows, out)
	}
	if len(c.Texts.Off) > 0 || c.Codes != nil {
		out.Texts, out.Codes = pickTexts(&c.Texts, c.Codes, rows)
	}
	return out
}

// pickSets picks rows of a set column: first the elements, then their texts.
func pickSets(c *Column, rows []uint32, out Column) Column {
	var elems []uint32
	out.SetOff = make([]uint32, 1, len(rows)+1)
	for _, r := range rows {
		for e := c.SetOff[r]; e < c.SetOff[r+1]; e++ {
			elems = append(elems, e)
		}
		out.SetOff = append(out.SetOff, uint32(len(elems)))
	}
	out.Texts, out.Codes = pickTexts(&c.Texts, c.Codes, elems)
	return out
}

// Size returns about how many bytes the encoded change takes, never fewer.
func Size(ch *Change) int {
	const perPart, perColumn = 64, 64
	size := perPart
	for _, p := range ch.Parts {
		size += perPart
		switch p := p.(type) {
		case *Upsert:
			size += stringsSize(&p.IDs) + columnsSize(p.Cols, perColumn)
		case *Delete:
			size += stringsSize(&p.IDs)
		case *DeleteEvents:
			size += stringsSize(&p.IDs) + 4*len(p.Codes) + 8*len(p.Times) + 8*len(p.Hashes)
		case *Track:
			size += stringsSize(&p.IDs) + 4*len(p.Codes) + 8*len(p.Times) + 8*len(p.EventIDs) + columnsSize(p.Props, perColumn)
		}
	}
	return size
}

func stringsSize(s *Strings) int { return 4*len(s.Off) + len(s.Bytes) }

func columnsSize(cols []Column, perColumn int) int {
	size := 0
	for i := range cols {
		c := &cols[i]
		size += perColumn + len(c.Ops) + 8*len(c.Ints) + 8*len(c.Floats) + stringsSize(&c.Texts) + 4*len(c.Codes) + 4*len(c.SetOff)
	}
	return size
}
