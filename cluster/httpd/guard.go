package httpd

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Loopback says whether a listening address is reachable from this machine only. An empty host listens
// on every interface and is not.
func Loopback(addr string) (bool, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false, fmt.Errorf("%q is not an address to listen on; write host:port, for example 127.0.0.1:7070", addr)
	}
	if host == "localhost" {
		return true, nil
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback(), nil
}

// guard refuses what a page of another origin could send through a browser on this machine: requests
// under a foreign Host (DNS rebinding) and with a foreign Origin.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !localName(r.Host) {
			refuse(w, http.StatusMisdirectedRequest, fmt.Sprintf("the Host %q is not this machine", r.Host),
				"this server answers to localhost, 127.0.0.1 and [::1] only")
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && !localOrigin(origin) {
			refuse(w, http.StatusForbidden, fmt.Sprintf("pages of %s may not use this server", origin), "send the request without a browser")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// localName says whether a host, with or without a port, names this machine.
func localName(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func localOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && localName(u.Host)
}
