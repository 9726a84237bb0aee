// A real Extism plugin in Go: GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o plugin.wasm .
package main

import (
	"strings"

	"github.com/extism/go-pdk"
)

//go:wasmexport greet
func greet() int32 {
	pdk.OutputString("hello, " + pdk.InputString())
	return 0
}

//go:wasmexport echo
func echo() int32 {
	pdk.Output(pdk.Input())
	return 0
}

//go:wasmexport shout
func shout() int32 {
	pdk.OutputString(strings.ToUpper(pdk.InputString()))
	return 0
}

//go:wasmexport fail
func fail() int32 {
	pdk.SetErrorString("asked to fail")
	return 1
}

func main() {}
