// Package helm pins, in go.mod, the Helm 4 that fixes are run with as well.
package helm
