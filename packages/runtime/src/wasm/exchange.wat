;; The load and store functions of the Extism ABI over the exchange memory. Being WebAssembly themselves they are called
;; by a plugin without leaving it, and the engine checks every access. exchange-module.ts holds this file's binary form.
(module
  (import "host" "memory" (memory 0))
  (global $input_offset (export "input_offset") (mut i64) (i64.const 0))
  (global $input_length (export "input_length") (mut i64) (i64.const 0))

  ;; An address of the ABI has 64 bits, the memory 32.
  (func $address (param $address i64) (result i32)
    (if (i64.ne (i64.shr_u (local.get $address) (i64.const 32)) (i64.const 0)) (then (unreachable)))
    (i32.wrap_i64 (local.get $address)))

  ;; Position in the input of an access of the given width, or a trap.
  (func $input (param $position i64) (param $width i64) (result i32)
    (if (i64.gt_u (local.get $position) (global.get $input_length)) (then (unreachable)))
    (if (i64.gt_u (i64.add (local.get $position) (local.get $width)) (global.get $input_length)) (then (unreachable)))
    (i32.wrap_i64 (i64.add (global.get $input_offset) (local.get $position))))

  (func (export "load_u8") (param $address i64) (result i32)
    (i32.load8_u (call $address (local.get $address))))
  (func (export "load_u64") (param $address i64) (result i64)
    (i64.load align=1 (call $address (local.get $address))))
  (func (export "store_u8") (param $address i64) (param $value i32)
    (i32.store8 (call $address (local.get $address)) (local.get $value)))
  (func (export "store_u64") (param $address i64) (param $value i64)
    (i64.store align=1 (call $address (local.get $address)) (local.get $value)))
  (func (export "input_load_u8") (param $position i64) (result i32)
    (i32.load8_u (call $input (local.get $position) (i64.const 1))))
  (func (export "input_load_u64") (param $position i64) (result i64)
    (i64.load align=1 (call $input (local.get $position) (i64.const 8)))))
