// Package kubectl pins, in go.mod, the kubectl that runs the commands of fixes.
package kubectl
