package print

import (
	"fmt"

	"github.com/musterdb/muster/query/ast"
)

// explore writes the statements that look at what there is and what runs.
func (p *printer) explore(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.Show:
		p.words("SHOW ", s.Kind.String())
	case *ast.ShowContact:
		p.WriteString("SHOW CONTACT ")
		p.expr(s.ID, levelSum)
		if s.Limit != nil {
			p.words(" LIMIT ", s.Limit.Text)
		}
	case *ast.ShowSegmentsOf:
		p.WriteString("SHOW SEGMENTS OF CONTACT ")
		p.expr(s.ID, levelSum)
	case *ast.Describe:
		p.WriteString("DESCRIBE ")
		if s.Kind != ast.DescribeAny {
			p.words(s.Kind.String(), " ")
		}
		p.dotted(s.Name.Parts)
	case *ast.Kill:
		p.words("KILL ", s.Query.Text)
	case *ast.Explain:
		p.WriteString("EXPLAIN ")
		p.flag(s.Analyze, "ANALYZE ")
		p.stmt(s.Stmt)
	default:
		panic(fmt.Sprintf("print: statement %T has no text", s)) // a new node without its printer
	}
}

func (p *printer) createSegment(s *ast.CreateSegment) {
	p.WriteString("CREATE ")
	p.flag(s.Replace, "OR REPLACE ")
	if s.Kind != ast.SegmentPlain {
		p.words(s.Kind.String(), " ")
	}
	p.named("SEGMENT ", s.Name)
	p.optional(" AS ", s.Where, levelOr)
	if s.File != nil {
		p.WriteString(" FROM ")
		p.literal(s.File)
	}
	if s.IDs != nil {
		p.WriteString(" (")
		p.sums(s.IDs)
		p.WriteByte(')')
	}
}

func (p *printer) alterSegment(s *ast.AlterSegment) {
	p.named("ALTER SEGMENT ", s.Name)
	if s.Add {
		p.WriteString(" ADD ")
	} else {
		p.WriteString(" REMOVE ")
	}
	p.sums(s.IDs)
}

// group writes GROUP BY and HAVING.
func (p *printer) group(s *ast.Select) {
	asOf := s.AsOf
	if len(s.Order) > 0 || s.Limit != nil {
		asOf = nil // it does not stand behind these
	}
	for i, x := range s.Group {
		before, last := ", ", asOf
		if i == 0 {
			before = " GROUP BY "
		}
		if i < len(s.Group)-1 || s.Having != nil {
			last = nil
		}
		p.beforeAsOf(before, x, last)
	}
	p.beforeAsOf(" HAVING ", s.Having, asOf)
}

// order writes ORDER BY.
func (p *printer) order(s *ast.Select) {
	for i, o := range s.Order {
		before, last := ", ", s.AsOf
		if i == 0 {
			before = " ORDER BY "
		}
		if i < len(s.Order)-1 || o.Desc || s.Limit != nil {
			last = nil
		}
		p.beforeAsOf(before, o.X, last)
		p.flag(o.Desc, " DESC")
	}
}

// beforeAsOf writes a clause that the statement's AS OF may follow, which after a reference to a segment would
// be the reference's: brackets keep them apart.
func (p *printer) beforeAsOf(before string, x, asOf ast.Expr) {
	if asOf == nil || x == nil || !endsInReference(x) {
		p.optional(before, x, levelOr)
		return
	}
	p.words(before, "(")
	p.expr(x, levelOr)
	p.WriteByte(')')
}

// endsInReference tells whether the text of an expression ends in a reference that AS OF could go on with.
func endsInReference(x ast.Expr) bool {
	for {
		switch y := x.(type) {
		case *ast.InSegment:
			return !y.Any && y.AsOf == nil && y.For == nil
		case *ast.Unary:
			x = y.X
		case *ast.Binary:
			if opLevel(y.Op) >= levelCompare { // there a reference stands in brackets
				return false
			}
			x = y.Y
		default:
			return false
		}
	}
}

func (p *printer) inSegment(x *ast.InSegment) {
	if x.Any {
		p.WriteString("IN ANY SEGMENT (")
		list(p, x.Names, p.segmentName)
		p.WriteByte(')')
		return
	}
	p.WriteString("IN SEGMENT ")
	p.segmentName(x.Names[0])
	p.optional(" AS OF ", x.AsOf, levelSum)
	if x.For != nil {
		p.words(" FOR ", x.For.Text)
	}
}

func (p *printer) segmentName(n ast.SegmentName) {
	p.name(n.Name)
	if n.Part != nil {
		p.WriteByte('.')
		p.name(*n.Part)
	}
}
