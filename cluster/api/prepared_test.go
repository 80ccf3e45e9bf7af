package api

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestPreparedMemory prepares statements whose trees are many times their texts: what is kept stays within its
// bounds, and the statements used last are there.
func TestPreparedMemory(t *testing.T) {
	s := openService(t)
	mustDo(t, s, "CREATE ATTRIBUTE n INT")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	list := strings.Repeat("1,", 99_000)
	var last Prepared
	for i := range 26 {
		var err error
		if last, err = s.Prepare("", fmt.Sprintf("COUNT n = %d AND n IN (%s1)", i, list)); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > maxPreparedBytes {
		t.Errorf("they take %d MiB, at most %d are meant to be", grown>>20, maxPreparedBytes>>20)
	}
	kept := s.PreparedStatements()
	if len(kept) < 5 || len(kept) >= 26 || kept[0].ID != last.ID {
		t.Errorf("%d statements are kept", len(kept))
	}
}
