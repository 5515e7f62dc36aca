// Package plot draws what is in arrays: histograms, heat maps, images, lines and
// clouds, as PNG, as SVG, and in letters on a terminal.
//
//	f, err := plot.Draw(ctx, plot.Histogram, plot.Options{}, plot.Series{Name: "kernel", Array: a})
//	err = f.WriteSVG(w)
//
// [KindFor] chooses a kind by the shape. [Bin] is the counts of a histogram without the
// picture. A [Report] is one page for all weights of a model.
//
// # Large arrays
//
// An array is gone through once, piece by piece, on all cores; no copy of it is made.
// Of one over a mapped file ([npy.Open]) the memory of what was passed is given back.
// What is too much for a picture is drawn in parts, and said so above it: a heat map of
// many elements shows the means of blocks, a long line the least and the greatest of
// each run, a crowd of points how many there are where.
//
// # What is left out
//
// NaN and infinite elements have no place on an axis. They are counted, and the count
// stands above the picture; on heat maps and images NaNs are striped. An array with
// nothing else, or nothing at all, is an [ErrNothing].
//
// # Colours
//
// Arrays in one picture differ in colour (of Okabe and Ito's palette, which the
// colour-blind can tell apart), in dashes and in marks. Colours that stand for numbers
// get lighter in equal steps from the least to the greatest, so that a print in grey is
// read the same way: from dark blue by green to light yellow, or, where there are
// numbers of both signs, from dark blue by grey, which is 0, to light orange.
package plot
