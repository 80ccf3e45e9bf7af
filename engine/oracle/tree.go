package oracle

import (
	"reflect"
	"strings"

	"github.com/musterdb/muster/query/ast"
)

// inspect calls f for an expression and, while f returns true, for every expression within it. Selectors
// are not entered: what stands in their brackets is of an event.
func inspect(e ast.Expr, f func(ast.Expr) bool) {
	if e != nil && f(e) {
		visit(reflect.ValueOf(e).Elem(), f)
	}
}

func visit(v reflect.Value, f func(ast.Expr) bool) {
	switch v.Kind() {
	case reflect.Interface:
		if e, ok := v.Interface().(ast.Expr); ok {
			inspect(e, f)
		}
	case reflect.Pointer:
		if v.Type() != reflect.TypeFor[*ast.Selector]() && !v.IsNil() {
			visit(v.Elem(), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			visit(v.Index(i), f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			visit(v.Field(i), f)
		}
	}
}

// equal says whether two expressions are one tree, brackets and places in the text aside.
func equal(a, b ast.Expr) bool {
	a, b = ast.Bare(a), ast.Bare(b)
	if x, ok := a.(*ast.Call); ok {
		y, ok := b.(*ast.Call)
		return ok && strings.EqualFold(x.Fn.Name, y.Fn.Name) && same(reflect.ValueOf(x.Args), reflect.ValueOf(y.Args))
	}
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	return va.Type() == vb.Type() && same(va.Elem(), vb.Elem())
}

func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Interface:
		x, _ := a.Interface().(ast.Expr)
		y, _ := b.Interface().(ast.Expr)
		if x == nil || y == nil {
			return x == nil && y == nil
		}
		return equal(x, y)
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() && b.IsNil()
		}
		return same(a.Elem(), b.Elem())
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		return sameStruct(a, b)
	}
	return a.Interface() == b.Interface()
}

func sameStruct(a, b reflect.Value) bool {
	if x, ok := a.Interface().(ast.Ident); ok {
		return x.Name == b.Interface().(ast.Ident).Name
	}
	for i := range a.NumField() {
		if a.Field(i).Type() != reflect.TypeFor[ast.Span]() && !same(a.Field(i), b.Field(i)) {
			return false
		}
	}
	return true
}
