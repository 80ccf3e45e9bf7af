package print

import (
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/lex"
)

func (p *printer) stmt(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.Count:
		p.count(s)
	case *ast.Select:
		p.sel(s)
	case *ast.CreateBase:
		p.createBase(s)
	case *ast.Use:
		p.named("USE ", s.Base)
	case *ast.CreateAttribute:
		p.named("CREATE ATTRIBUTE ", s.Name)
		p.WriteByte(' ')
		p.typeName(s.Type)
		p.flag(s.Personal, " PERSONAL")
	case *ast.CreateEvent:
		p.createEvent(s)
	case *ast.AlterEvent:
		p.alterEvent(s)
	case *ast.Drop:
		p.named("DROP "+s.Kind.String()+" ", s.Name)
	case *ast.Rename:
		p.named("RENAME "+s.Kind.String()+" ", s.Name)
		p.named(" TO ", s.To)
	case *ast.CreateSegment:
		p.createSegment(s)
	case *ast.AlterSegment:
		p.alterSegment(s)
	default:
		p.change(s)
	}
}

// change writes the statements that change contacts and events, and COPY.
func (p *printer) change(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.Upsert:
		p.WriteString("UPSERT CONTACT ")
		p.expr(s.ID, levelSum)
		if len(s.Set) > 0 {
			p.WriteString(" SET ")
			list(p, s.Set, p.assign)
		}
	case *ast.Track:
		p.track(s)
	case *ast.DeleteContact:
		p.WriteString("DELETE CONTACT ")
		p.expr(s.ID, levelSum)
		p.flag(s.Now, " NOW")
	case *ast.CopyFrom:
		p.copyFrom(s)
	case *ast.CopyTo:
		p.WriteString("COPY (")
		p.sel(s.Query)
		p.WriteString(") TO ")
		p.literal(s.File)
	case *ast.Update:
		p.named("UPDATE ", s.Table)
		p.WriteString(" SET ")
		list(p, s.Set, p.assign)
		p.optional(" WHERE ", s.Where, levelOr)
	case *ast.DeleteEvents:
		p.named("DELETE FROM ", s.From)
		p.optional(" WHERE ", s.Where, levelOr)
	default:
		p.explore(s)
	}
}

func (p *printer) flag(set bool, word string) {
	if set {
		p.WriteString(word)
	}
}

func (p *printer) named(before string, n ast.Ident) {
	p.WriteString(before)
	p.name(n)
}

func (p *printer) optional(before string, x ast.Expr, min level) {
	if x != nil {
		p.WriteString(before)
		p.expr(x, min)
	}
}

func (p *printer) count(s *ast.Count) {
	p.WriteString("COUNT")
	p.beforeAsOf(" ", s.Where, s.AsOf)
	p.optional(" AS OF ", s.AsOf, levelSum)
}

func (p *printer) sel(s *ast.Select) {
	p.WriteString("SELECT ")
	list(p, s.Items, p.item)
	p.named(" FROM ", s.From)
	asOf := s.AsOf
	if s.Having != nil || len(s.Group) > 0 || len(s.Order) > 0 || s.Limit != nil {
		asOf = nil // it does not stand behind WHERE
	}
	p.beforeAsOf(" WHERE ", s.Where, asOf)
	p.group(s)
	p.order(s)
	if s.Limit != nil {
		p.words(" LIMIT ", s.Limit.Text)
	}
	p.optional(" AS OF ", s.AsOf, levelSum)
}

func (p *printer) item(i ast.Item) {
	if i.Star {
		p.WriteByte('*')
		return
	}
	if _, ok := i.X.(*ast.Did); ok { // in a select list a DID clause stands in brackets
		p.WriteByte('(')
		p.expr(i.X, levelOr)
		p.WriteByte(')')
	} else {
		p.expr(i.X, levelOr)
	}
	if i.Alias != nil {
		p.named(" AS ", *i.Alias)
	}
}

func (p *printer) createBase(s *ast.CreateBase) {
	p.named("CREATE BASE ", s.Name)
	if len(s.Options) == 0 {
		return
	}
	p.WriteString(" WITH (")
	list(p, s.Options, func(o ast.Option) {
		p.name(o.Key)
		p.words(" = ", optionValue(o.Value))
	})
	p.WriteByte(')')
}

// optionValue writes words and numbers plain, everything else as a text.
func optionValue(v string) string {
	if lex.IsPlain(v) || isDigits(v) {
		return v
	}
	return lex.Quote(v, '\'')
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func (p *printer) createEvent(s *ast.CreateEvent) {
	p.named("CREATE EVENT ", s.Name)
	if len(s.Fields) > 0 {
		p.WriteByte(' ')
		p.fields(s.Fields)
	}
	if s.ID != nil {
		p.named(" ID ", *s.ID)
	}
	if s.Keep != nil {
		p.words(" KEEP ", s.Keep.Text)
	}
}

func (p *printer) fields(fs []ast.Field) {
	p.WriteByte('(')
	list(p, fs, func(f ast.Field) {
		p.name(f.Name)
		p.WriteByte(' ')
		p.typeName(f.Type)
	})
	p.WriteByte(')')
}

func (p *printer) alterEvent(s *ast.AlterEvent) {
	p.named("ALTER EVENT ", s.Name)
	if s.Drop != nil {
		p.named(" DROP ", *s.Drop)
		return
	}
	p.WriteString(" ADD ")
	p.fields(s.Add)
}

func (p *printer) assign(a ast.Assign) {
	p.dotted(a.Name.Parts)
	p.WriteString(" = ")
	p.expr(a.X, levelSum)
}

func (p *printer) assigns(as []ast.Assign) {
	p.WriteByte('(')
	list(p, as, p.assign)
	p.WriteByte(')')
}

func (p *printer) track(s *ast.Track) {
	p.named("TRACK ", s.Event)
	p.optional(" FOR ", s.Contact, levelSum)
	p.optional(" AT ", s.Time, levelSum)
	p.optional(" ID ", s.EventID, levelSum)
	if len(s.Props) > 0 {
		p.WriteByte(' ')
		p.assigns(s.Props)
	}
}

func (p *printer) copyFrom(s *ast.CopyFrom) {
	p.named("COPY ", s.Target)
	p.WriteString(" FROM ")
	p.literal(s.File)
	if len(s.Map) > 0 {
		p.WriteByte(' ')
		p.assigns(s.Map)
	}
	p.flag(s.SkipBad, " ON ERROR SKIP")
	if s.RejectsTo != nil {
		p.WriteString(" REJECTS TO ")
		p.literal(s.RejectsTo)
	}
	p.flag(s.Again, " AGAIN")
}
