package typing

import (
	"slices"

	"github.com/musterdb/muster/query/plan"
)

// Argument says what a function takes.
type Argument uint8

// What functions take. AnyValues are of one type, ANumber stands for several too.
const (
	NoArgument Argument = iota
	AnyValues
	AText
	ANumber
	ATime // DATE or TIMESTAMP
	AnInstant
	ASet
	ASalt // a constant text
	AUnit // a unit of date_trunc, then a time
)

// Function is a function of single values: how many arguments it takes, and an example of it.
type Function struct {
	Fn       plan.Fn
	Takes    Argument
	Min, Max int
	Usage    string
}

const manyArguments = 100

// Functions are the functions by their names, which are lower case.
var Functions = map[string]Function{
	"coalesce":    {plan.FnCoalesce, AnyValues, 1, manyArguments, "coalesce(a, b)"},
	"least":       {plan.FnLeast, AnyValues, 1, manyArguments, "least(a, b)"},
	"greatest":    {plan.FnGreatest, AnyValues, 1, manyArguments, "greatest(a, b)"},
	"abs":         {plan.FnAbs, ANumber, 1, 1, "abs(x)"},
	"round":       {plan.FnRound, ANumber, 1, 2, "round(x) or round(x, 2)"},
	"lower":       {plan.FnLower, AText, 1, 1, "lower(name)"},
	"upper":       {plan.FnUpper, AText, 1, 1, "upper(name)"},
	"length":      {plan.FnLength, AText, 1, 1, "length(name)"},
	"domain":      {plan.FnDomain, AText, 1, 1, "domain(email)"},
	"date_trunc":  {plan.FnDateTrunc, AUnit, 2, 2, "date_trunc('month', x)"},
	"hour":        {plan.FnHour, AnInstant, 1, 1, "hour(x)"},
	"weekday":     {plan.FnWeekday, ATime, 1, 1, "weekday(x)"},
	"day":         {plan.FnDay, ATime, 1, 1, "day(x)"},
	"month":       {plan.FnMonth, ATime, 1, 1, "month(x)"},
	"year":        {plan.FnYear, ATime, 1, 1, "year(x)"},
	"years_since": {plan.FnYearsSince, ATime, 1, 1, "years_since(birthday)"},
	"bucket":      {plan.FnBucket, ASalt, 1, 1, "bucket('experiment-42')"},
	"size":        {plan.FnSize, ASet, 1, 1, "size(tags)"},
	"distance_km": {plan.FnDistanceKM, ANumber, 4, 4, "distance_km(lat, lon, 52.23, 21.01)"},
	"now":         {0, NoArgument, 0, 0, "now()"},
	"today":       {0, NoArgument, 0, 0, "today()"},
}

// FunctionNames returns the names of all functions, aggregates too, sorted.
func FunctionNames() []string {
	out := []string{"version", "count", "sum", "avg", "min", "max", "distinct", "days", "first", "last", "recency"}
	for n := range Functions {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// Foreign are what other databases call the functions.
var Foreign = map[string]string{
	"ifnull": "coalesce(a, b)", "nvl": "coalesce(a, b)", "len": "length(x)", "char_length": "length(x)", "current_date": "today()",
	"getdate": "now()", "current_timestamp": "now()", "datediff": "a - b", "dateadd": "x + 30d", "dayofweek": "weekday(x)", "ceil": "round(x)",
	"floor": "round(x)", "cast": "TRY_CAST(x AS INT)", "concat": "the columns side by side: texts are not joined", "to_char": "date_trunc('month', x) or year(x)", "strftime": "date_trunc('month', x) or year(x)", "date_format": "date_trunc('month', x) or year(x)", "extract": "month(x)", "date_part": "month(x)", "array_length": "size(x)", "cardinality": "size(x)",
}

// Arity says how many arguments there are: "one argument".
func (f Function) Arity() string {
	switch {
	case f.Max == 0:
		return "no arguments"
	case f.Max == manyArguments:
		return "1 to 100 arguments"
	case f.Min == f.Max && f.Min == 1:
		return "one argument"
	case f.Min == f.Max:
		return string(rune('0'+f.Min)) + " arguments"
	}
	return "one or two arguments"
}
