package bind

// What the golden tests, which also run package write and so stand outside, use of the others.
var (
	Clock    = clock
	Shop     = shop
	Rendered = rendered
	Typ      = typ
	Decimal  = decimal
)

// MaxPattern is maxPattern.
const MaxPattern = maxPattern
