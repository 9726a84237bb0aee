module gantry.test/peers/ctsigner

go 1.26.8

require github.com/google/certificate-transparency-go v1.3.3

require golang.org/x/crypto v0.48.0 // indirect
