package bench

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Machine says in one line what the figures were measured on: cores, cache, and the rate at which all
// cores together read memory, which bounds every scan.
func Machine() string {
	return fmt.Sprintf("%s, %s/%s, %d cores, L3 %s, memory read at %.1f GB/s by all cores",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), l3Size(), bandwidth())
}

// l3Size returns the size of the last-level cache as the system says it.
func l3Size() string {
	text, err := os.ReadFile("/sys/devices/system/cpu/cpu0/cache/index3/size")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}

// bandwidth reads 256 MiB a core several times and returns the best rate in GB/s.
func bandwidth() float64 {
	const words, rounds = 32 << 20, 5
	cores := runtime.GOMAXPROCS(0)
	data := make([][]uint64, cores)
	for i := range data {
		data[i] = make([]uint64, words)
		for j := range data[i] {
			data[i][j] = uint64(j)
		}
	}
	best := 0.0
	for range rounds {
		begin := time.Now()
		var wg sync.WaitGroup
		sums := make([]uint64, cores)
		for i := range data {
			wg.Go(func() { sums[i] = sum(data[i]) })
		}
		wg.Wait()
		best = max(best, float64(cores*words*8)/time.Since(begin).Seconds()/1e9)
	}
	return best
}

// sum adds in four chains, so that the additions do not wait for each other.
func sum(of []uint64) uint64 {
	var a, b, c, d uint64
	for ; len(of) >= 4; of = of[4:] {
		a += of[0]
		b += of[1]
		c += of[2]
		d += of[3]
	}
	return a + b + c + d
}
