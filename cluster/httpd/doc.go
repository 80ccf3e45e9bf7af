// Package httpd owns the HTTP door: paths, formats, status codes, and the guard against pages of other
// origins. It is a codec over cluster/api: it decides nothing about statements or rows.
package httpd
