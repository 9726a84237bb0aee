// Command ctsigner answers add-pre-chain with a correct RFC 6962 SCT. It is no certificate transparency log: it keeps nothing.
//
//	ctsigner ADDRESS KEY    KEY: P-256, PKCS#8 in PEM
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	stdx509 "crypto/x509"
	"encoding/json"
	"encoding/pem"
	"log"
	"net/http"
	"os"
	"time"

	ct "github.com/google/certificate-transparency-go"
	"github.com/google/certificate-transparency-go/tls"
	"github.com/google/certificate-transparency-go/x509"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func main() {
	blk, _ := pem.Decode(must(os.ReadFile(os.Args[2])))
	key := must(stdx509.ParsePKCS8PrivateKey(blk.Bytes)).(*ecdsa.PrivateKey)
	logID := sha256.Sum256(must(stdx509.MarshalPKIXPublicKey(&key.PublicKey)))
	http.HandleFunc("/ct/v1/add-pre-chain", func(w http.ResponseWriter, r *http.Request) {
		var req ct.AddChainRequest
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
			panic(err)
		}
		var chain []*x509.Certificate
		for _, der := range req.Chain {
			c, err := x509.ParseCertificate(der)
			if c == nil || x509.IsFatal(err) {
				panic(err)
			}
			chain = append(chain, c)
		}
		ts := uint64(time.Now().UnixMilli())
		leaf := must(ct.MerkleTreeLeafFromChain(chain, ct.PrecertLogEntryType, ts))
		h := sha256.Sum256(must(ct.SerializeSCTSignatureInput(ct.SignedCertificateTimestamp{SCTVersion: ct.V1, Timestamp: ts}, ct.LogEntry{Leaf: *leaf})))
		ds := tls.DigitallySigned{Algorithm: tls.SignatureAndHashAlgorithm{Hash: tls.SHA256, Signature: tls.ECDSA}, Signature: must(key.Sign(rand.Reader, h[:], crypto.SHA256))}
		json.NewEncoder(w).Encode(ct.AddChainResponse{SCTVersion: ct.V1, ID: logID[:], Timestamp: ts, Signature: must(tls.Marshal(ds))})
	})
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
