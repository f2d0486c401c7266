// Package mapkubeapis pins, in go.mod, the plugin of Helm that rewrites a stored release.
package mapkubeapis
