package tabular

import "io"

// Decompress returns the plain bytes of a stream that may be compressed with gzip or zstd, told by its
// first bytes, under the limits that opt has for bytes and ratio. Its errors are those of a Reader.
func Decompress(in io.Reader, opt Options) (io.ReadCloser, error) {
	r := &Reader{counter: &counter{r: in}}
	plain, err := r.decompress(opt)
	if err != nil {
		_ = r.Close()
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{plain, r}, nil
}
