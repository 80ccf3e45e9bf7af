package render

import "slices"

// Columns narrower than these say nothing.
const (
	minText = 12 // of a column of texts, the beginning of which is still of use
	minName = 4  // of a name above numbers, which themselves are never cut
)

// limit is how wide a column has to be at least, and how wide it would like to be.
type limit struct{ least, wish int }

// layout chooses the columns that are drawn in a window and their widths; -1 stands for those left out,
// which are in the middle. A width of 0 limits nothing. The lines are at least inner wide between their
// ends if the window is.
func layout(limits []limit, window, inner int) (columns, widths []int) {
	columns = make([]int, len(limits))
	for c := range columns {
		columns[c] = c
	}
	if window > 0 {
		columns = fitting(limits, window)
	}
	chosen := make([]limit, len(columns))
	for k, c := range columns {
		chosen[k] = limit{1, 1}
		if c >= 0 {
			chosen[k] = limits[c]
		}
	}
	widths = share(chosen, window)
	if lack := inner - total(widths) + 2; lack > 0 && len(widths) > 0 {
		if window > 0 {
			lack = min(lack, window-total(widths))
		}
		widths[len(widths)-1] += max(0, lack)
	}
	return columns, widths
}

// total returns how wide a table with such columns is: each has a blank on both sides and a line before it.
func total(widths []int) int {
	n := 1
	for _, w := range widths {
		n += w + 3
	}
	return n
}

// fitting returns the columns that have room in a window, alternately from both ends, at least one.
func fitting(limits []limit, window int) []int {
	all, need := make([]int, 0, len(limits)), 1
	for c, l := range limits {
		all = append(all, c)
		need += l.least + 3
	}
	if need <= window || len(limits) < 2 {
		return all
	}
	var front, back []int
	room := window - total([]int{1}) // for the column that stands for those left out
	for i, j := 0, len(limits)-1; i <= j; {
		c := i
		if len(front) > len(back) {
			c = j
		}
		if room -= limits[c].least + 3; room < 0 {
			break
		}
		if c == i {
			front, i = append(front, c), i+1
		} else {
			back, j = append(back, c), j-1
		}
	}
	if len(front) == 0 {
		front = []int{0}
	}
	slices.Reverse(back)
	return append(append(front, -1), back...)
}

// share gives the columns of a window their widths: none less than it needs, and what is left to those
// that are narrowest, up to their wish.
func share(limits []limit, window int) []int {
	widths := make([]int, len(limits))
	for k, l := range limits {
		widths[k] = l.wish
	}
	if window <= 0 || total(widths) <= window {
		return widths
	}
	low, high := 0, maxCell // the cap under which the columns fit lies in [low, high)
	for high-low > 1 {
		mid := (low + high) / 2
		if total(capped(limits, mid, widths)) <= window {
			low = mid
		} else {
			high = mid
		}
	}
	return spread(limits, capped(limits, low, widths), window)
}

// capped sets the widths to the cap or to what the column needs or wishes.
func capped(limits []limit, most int, widths []int) []int {
	for k, l := range limits {
		widths[k] = min(l.wish, max(l.least, most))
	}
	return widths
}

// spread gives the last columns of the window to those that want them.
func spread(limits []limit, widths []int, window int) []int {
	for k := range widths {
		if widths[k] < limits[k].wish && total(widths) < window {
			widths[k]++
		}
	}
	return widths
}
