//go:build unix

package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// alternate measures two contenders in turn, each first in every other pair,
// after a pair that does not count.
func alternate[T any](count int, measure func(contender) (T, error), own, floor contender) (owns, floors []T, err error) {
	for pair := -1; pair < count; pair++ {
		order := []contender{own, floor}
		if pair%2 != 0 {
			slices.Reverse(order)
		}
		for _, c := range order {
			result, err := measure(c)
			if err != nil {
				return nil, nil, err
			}
			switch {
			case pair < 0:
			case c == own:
				owns = append(owns, result)
			default:
				floors = append(floors, result)
			}
		}
	}
	return owns, floors, nil
}

// each returns one figure of each result.
func each[T, F any](results []T, figure func(T) F) []F {
	var figures []F
	for _, result := range results {
		figures = append(figures, figure(result))
	}
	return figures
}

// pairwise compares the results of each pair.
func pairwise[T, F any](owns, floors []T, compare func(own, floor T) F) []F {
	var figures []F
	for i := range owns {
		figures = append(figures, compare(owns[i], floors[i]))
	}
	return figures
}

// quantile returns the figure at a fraction of the sorted figures.
func quantile[F cmp.Ordered](figures []F, fraction float64) F {
	sorted := slices.Sorted(slices.Values(figures))
	return sorted[min(int(fraction*float64(len(sorted))), len(sorted)-1)]
}

// spread shows the median and the quartiles, in milliseconds.
func spread(times []time.Duration) string {
	ms := func(fraction float64) float64 { return float64(quantile(times, fraction).Microseconds()) / 1000 }
	return fmt.Sprintf("%.1f (%.1f-%.1f) ms", ms(0.5), ms(0.25), ms(0.75))
}

// spreadRatio shows the median and the quartiles of ratios.
func spreadRatio(ratios []float64) string {
	return fmt.Sprintf("%.3f (%.3f-%.3f)", quantile(ratios, 0.5), quantile(ratios, 0.25), quantile(ratios, 0.75))
}
