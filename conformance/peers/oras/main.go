// Command oras writes and reads artifacts exactly as the oras command does, through its library: the module of the
// command itself cannot be fetched everywhere.
//
//	oras push   REF ARTIFACT-TYPE FILE[:MEDIA-TYPE]...     image-spec 1.1 manifest
//	oras push10 REF ARTIFACT-TYPE FILE[:MEDIA-TYPE]...     image-spec 1.0 manifest (config carries the type)
//	oras attach REF ARTIFACT-TYPE FILE[:MEDIA-TYPE]...     with REF's manifest as subject, by digest
//	oras pull   REF DIR                                    files under their titles
//	oras discover REF                                      digests of the referrers, one a line
//
// REF is host/repository:tag or @digest on plain HTTP. Prints the digest of the manifest it wrote or read.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/file"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: oras push|push10|attach|pull|discover REF ...")
	}
	verb, text := args[0], args[1]
	repo, err := remote.NewRepository(text)
	if err != nil {
		return err
	}
	repo.PlainHTTP = true
	if user := os.Getenv("ORAS_USER"); user != "" {
		repo.Client = &auth.Client{Credential: auth.StaticCredential(repo.Reference.Registry, auth.Credential{
			Username: user, Password: os.Getenv("ORAS_PASSWORD"),
		})}
	}
	reference := repo.Reference.Reference
	switch verb {
	case "push", "push10", "attach":
		return push(ctx, repo, verb, reference, args[2], args[3:])
	case "pull":
		store, err := file.New(args[2])
		if err != nil {
			return err
		}
		defer store.Close()
		root, err := oras.Copy(ctx, repo, reference, store, reference, oras.DefaultCopyOptions)
		if err != nil {
			return err
		}
		fmt.Println(root.Digest)
		return nil
	case "discover":
		subject, err := repo.Resolve(ctx, reference)
		if err != nil {
			return err
		}
		return repo.Referrers(ctx, subject, "", func(referrers []ocispec.Descriptor) error {
			for _, referrer := range referrers {
				fmt.Println(referrer.Digest, referrer.ArtifactType)
			}
			return nil
		})
	}
	return fmt.Errorf("unknown verb %q", verb)
}

func push(ctx context.Context, repo *remote.Repository, verb, reference, artifactType string, files []string) error {
	store, err := file.New(os.TempDir())
	if err != nil {
		return err
	}
	defer store.Close()
	var layers []ocispec.Descriptor
	for _, argument := range files {
		path, mediaType, _ := strings.Cut(argument, ":")
		absolute, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		layer, err := store.Add(ctx, filepath.Base(path), mediaType, absolute)
		if err != nil {
			return err
		}
		layers = append(layers, layer)
	}
	version, options := oras.PackManifestVersion1_1, oras.PackManifestOptions{Layers: layers}
	if verb == "push10" {
		version = oras.PackManifestVersion1_0
	}
	if verb == "attach" {
		subject, err := repo.Resolve(ctx, reference)
		if err != nil {
			return err
		}
		options.Subject = &subject
	}
	root, err := oras.PackManifest(ctx, store, version, artifactType, options)
	if err != nil {
		return err
	}
	if verb == "attach" {
		err = oras.CopyGraph(ctx, store, repo, root, oras.DefaultCopyGraphOptions)
	} else {
		if err = store.Tag(ctx, root, reference); err == nil {
			_, err = oras.Copy(ctx, store, reference, repo, reference, oras.DefaultCopyOptions)
		}
	}
	if err != nil {
		return err
	}
	fmt.Println(root.Digest)
	return nil
}
