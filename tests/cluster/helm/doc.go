// Package helm pins, in go.mod, the Helm that the cluster tests install charts with.
package helm
