;; A Wasm plugin with one function, `greet`, in the ABI of Extism: it reads its input and writes "hello, INPUT\n".
;; Written by hand so that it can be read; plugins are usually built with an Extism kit for Rust, Go, C or AssemblyScript.
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))

  (memory (export "memory") 1 1)
  (data (i32.const 0) "hello, ")

  (func (export "greet") (result i32)
    (local $length i64) (local $output i64) (local $i i64)
    (local.set $length (call $input_length))
    (local.set $output (call $alloc (i64.add (local.get $length) (i64.const 8))))

    ;; the 7 bytes of "hello, "
    (loop $prefix
      (call $store_u8
        (i64.add (local.get $output) (local.get $i))
        (i32.load8_u (i32.wrap_i64 (local.get $i))))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br_if $prefix (i64.lt_u (local.get $i) (i64.const 7))))

    ;; the input
    (local.set $i (i64.const 0))
    (block $done
      (loop $input
        (br_if $done (i64.ge_u (local.get $i) (local.get $length)))
        (call $store_u8
          (i64.add (i64.add (local.get $output) (i64.const 7)) (local.get $i))
          (call $input_load_u8 (local.get $i)))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br $input)))

    (call $store_u8 (i64.add (i64.add (local.get $output) (i64.const 7)) (local.get $length)) (i32.const 10))
    (call $output_set (local.get $output) (i64.add (local.get $length) (i64.const 8)))
    (i32.const 0)))
